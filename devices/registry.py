"""DRIVERS: which drivers there are, by the name that the settings use.

A new driver is one folder and one line here.
"""

from collections.abc import Mapping

from devices.camera.folder.driver import FOLDER
from devices.camera.mqtt_image.driver import MQTT_IMAGE
from devices.camera.opencv.driver import OPENCV
from devices.camera.vc0706.driver import VC0706
from devices.driver import Driver
from devices.printer.zpl.driver import ZPL
from devices.rfid.a0.driver import A0
from devices.rfid.impinj.driver import IMPINJ
from devices.rfid.json_map.driver import JSON_MAP
from devices.rfid.llrp.driver import LLRP
from devices.rfid.m100.driver import M100_DRIVER
from devices.rfid.mercury.driver import MERCURY
from devices.rfid.rdm6300.driver import RDM6300
from devices.rfid.uhfreader.driver import UHFREADER
from devices.rfid.zebra.driver import ZEBRA
from devices.scale.driver import SCALE
from devices.scanner.driver import SCANNER
from devices.scanner.wedge.driver import WEDGE
from devices.signal.gpo_light.driver import GPO_LIGHT

DRIVERS: Mapping[str, Driver] = {
    "uhfreader": UHFREADER,
    "mercury": MERCURY,
    "llrp": LLRP,
    "impinj": IMPINJ,
    "zebra": ZEBRA,
    "json": JSON_MAP,
    "m100": M100_DRIVER,
    "a0": A0,
    "rdm6300": RDM6300,
    "scanner": SCANNER,
    "wedge": WEDGE,
    "scale": SCALE,
    "zpl": ZPL,
    "gpo_light": GPO_LIGHT,
    "folder": FOLDER,
    "mqtt_image": MQTT_IMAGE,
    "opencv": OPENCV,
    "vc0706": VC0706,
}
