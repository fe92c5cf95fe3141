"""The scene in Blender: bench, lights, camera, item; and its two renders, picture and mask."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from datasets.rendered.item import Item, Part
from datasets.rendered.light import Rig
from datasets.rendered.skin import SIDE, Floats, Mesh, sheet

WIDTH, HEIGHT = 480, 360
SAMPLES = 3
AMBIENT = 0.2
"""Light from everywhere as a glow of the goods: without the grain that a bright sky costs."""


def fresh() -> Any:
    """Return an empty scene with the render settings of this set."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.resolution_x, scene.render.resolution_y = WIDTH, HEIGHT
    scene.render.resolution_percentage = 100
    scene.render.threads_mode, scene.render.threads = "FIXED", 1
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.compression = 0
    scene.render.use_persistent_data = True
    scene.view_settings.view_transform = "Standard"
    _cycles(scene.cycles)
    return scene


def _cycles(cycles: Any) -> None:
    cycles.device = "CPU"
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 1, 0, 1
    cycles.transmission_bounces = cycles.transparent_max_bounces = 0
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.use_light_tree = False
    cycles.sample_clamp_indirect = 2.0
    cycles.blur_glossy = 1.0
    cycles.use_denoising = False
    cycles.use_adaptive_sampling = False
    cycles.sampling_pattern = "BLUE_NOISE"


def light_up(scene: Any, rig: Rig, strength: float, seed: int) -> None:
    """Put bench, world light and the rig's lamps into the scene; `strength` times as bright."""
    world = bpy.data.worlds.new("world")
    scene.world = world
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs[0].default_value = (*rig.sky, 1)
    world.node_tree.nodes["Background"].inputs[1].default_value = rig.sky_strength * 0.65 * strength
    for place, size, power, colour in rig.lamps:
        lamp = bpy.data.lights.new("lamp", "AREA")
        lamp.size, lamp.energy, lamp.color = size, power * strength, colour
        holder = bpy.data.objects.new("lamp", lamp)
        holder.location = place
        holder.rotation_euler = _towards(place, (0, 0, 0.4))
        scene.collection.objects.link(holder)
    _bench(scene, rig, seed)


def _towards(place: Sequence[float], target: Sequence[float]) -> Any:
    from mathutils import Vector

    return (Vector(target) - Vector(place)).to_track_quat("-Z", "Y").to_euler()


def _bench(scene: Any, rig: Rig, seed: int) -> None:
    bpy.ops.mesh.primitive_plane_add(size=40)
    bench = bpy.context.object
    bench["bench"] = True
    material, shader = _material("bench")
    nodes, links = material.node_tree.nodes, material.node_tree.links
    noise, ramp = nodes.new("ShaderNodeTexNoise"), nodes.new("ShaderNodeValToRGB")
    place, stretch = nodes.new("ShaderNodeTexCoord"), nodes.new("ShaderNodeMapping")
    stretch.inputs["Scale"].default_value = (rig.grain[0], rig.grain[1], 1)
    noise.inputs["Scale"].default_value, noise.inputs["Detail"].default_value = 1.0, 1.0
    links.new(place.outputs["Object"], stretch.inputs["Vector"])
    links.new(stretch.outputs["Vector"], noise.inputs["Vector"])
    links.new(noise.outputs["Fac"], ramp.inputs["Fac"])
    for stop, share in zip(ramp.color_ramp.elements, (1 - rig.contrast, 1 + rig.contrast), strict=True):
        stop.color = (*(channel * share for channel in rig.bench), 1)
    ramp.color_ramp.elements[0].position, ramp.color_ramp.elements[1].position = 0.3, 0.7
    links.new(ramp.outputs["Color"], shader.inputs["Base Color"])
    links.new(ramp.outputs["Color"], shader.inputs["Emission Color"])
    shader.inputs["Emission Strength"].default_value = AMBIENT
    shader.inputs["Roughness"].default_value = rig.bench_rough
    bench.data.materials.append(material)


def _material(name: str) -> tuple[Any, Any]:
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    return material, material.node_tree.nodes["Principled BSDF"]


def add_camera(scene: Any, item: Item) -> None:
    """Put the item's fixed camera into the scene."""
    camera = bpy.data.cameras.new("camera")
    camera.lens = item.camera.lens
    holder = bpy.data.objects.new("camera", camera)
    holder.location = item.camera.place
    holder.rotation_euler = _towards(item.camera.place, item.camera.target)
    scene.collection.objects.link(holder)
    scene.camera = holder


def add_mesh(scene: Any, mesh: Mesh, name: str) -> Any:
    """Put a smooth mesh into the scene and return its object."""
    data = bpy.data.meshes.new(name)
    data.vertices.add(len(mesh.vertices))
    data.vertices.foreach_set("co", np.ascontiguousarray(mesh.vertices, np.float32).reshape(-1))
    data.loops.add(mesh.quads.size)
    data.loops.foreach_set("vertex_index", np.ascontiguousarray(mesh.quads, np.int32).reshape(-1))
    data.polygons.add(len(mesh.quads))
    data.polygons.foreach_set("loop_start", np.arange(0, mesh.quads.size, 4, dtype=np.int32))
    layer = data.uv_layers.new(name="uv")
    layer.data.foreach_set("uv", mesh.uv[mesh.quads.reshape(-1)].reshape(-1))
    data.polygons.foreach_set("use_smooth", np.ones(len(mesh.quads), bool))
    data.update(calc_edges=True)
    holder = bpy.data.objects.new(name, data)
    scene.collection.objects.link(holder)
    return holder


def picture_of(name: str, pixels: Floats) -> Any:
    """Return a Blender image of a canvas layer (SIDE, SIDE, 3), linear."""
    image = bpy.data.images.new(name, SIDE, SIDE, alpha=False, float_buffer=True, is_data=True)
    full = np.ones((SIDE, SIDE, 4), np.float32)
    full[..., :3] = pixels
    image.pixels.foreach_set(full.reshape(-1))
    image.update()
    return image


def skin_material(item: Item) -> Any:
    """Return the material that wears the item's canvas."""
    material, shader = _material("skin")
    nodes, links = material.node_tree.nodes, material.node_tree.links
    canvas = item.canvas
    paint, layers = nodes.new("ShaderNodeTexImage"), nodes.new("ShaderNodeTexImage")
    paint.image = picture_of("paint", canvas.paint)
    layers.image = picture_of("layers", np.stack([canvas.rough, canvas.metal, canvas.height], -1))
    split, bump = nodes.new("ShaderNodeSeparateColor"), nodes.new("ShaderNodeBump")
    links.new(layers.outputs["Color"], split.inputs["Color"])
    links.new(paint.outputs["Color"], shader.inputs["Base Color"])
    links.new(split.outputs["Red"], shader.inputs["Roughness"])
    links.new(split.outputs["Green"], shader.inputs["Metallic"])
    links.new(split.outputs["Blue"], bump.inputs["Height"])
    links.new(bump.outputs["Normal"], shader.inputs["Normal"])
    bump.inputs["Distance"].default_value = item.relief
    shader.inputs["Coat Weight"].default_value = item.coat
    shader.inputs["Specular IOR Level"].default_value = item.shine
    shader.inputs["Sheen Weight"].default_value = item.sheen
    links.new(paint.outputs["Color"], shader.inputs["Emission Color"])
    shader.inputs["Emission Strength"].default_value = 0.55 if item.lit else AMBIENT
    material.cycles.emission_sampling = "NONE"  # a screen lights nothing: as a lamp it only costs grain
    return material


def part_material(part: Part) -> Any:
    """Return the plain material of a part."""
    material, shader = _material(part.patch.name)
    shader.inputs["Base Color"].default_value = (*part.colour, 1)
    shader.inputs["Emission Color"].default_value = (*part.colour, 1)
    shader.inputs["Emission Strength"].default_value = AMBIENT * (1 - part.metal)
    shader.inputs["Roughness"].default_value = part.rough
    shader.inputs["Metallic"].default_value = part.metal
    return material


def flat_material(value: int) -> Any:
    """Return a material that glows with one mask value."""
    material, shader = _material(f"value-{value}")
    _glow(material, shader).inputs["Color"].default_value = (value / 255, value / 255, value / 255, 1)
    return material


def mask_material(item: Item) -> Any:
    """Return the material that glows with the canvas's mask values, texel by texel."""
    material, shader = _material("values")
    glow = _glow(material, shader)
    texture = material.node_tree.nodes.new("ShaderNodeTexImage")
    values = np.repeat(item.canvas.values[..., None].astype(np.float32) / 255, 3, axis=2)
    texture.image, texture.interpolation = picture_of("values", values), "Closest"
    material.node_tree.links.new(texture.outputs["Color"], glow.inputs["Color"])
    return material


def _glow(material: Any, shader: Any) -> Any:
    nodes, links = material.node_tree.nodes, material.node_tree.links
    glow = nodes.new("ShaderNodeEmission")
    links.new(glow.outputs["Emission"], nodes["Material Output"].inputs["Surface"])
    nodes.remove(shader)
    return glow


def part_mesh(part: Part) -> Mesh:
    """Return the mesh of a part with its pushes applied."""
    mesh = sheet(part.patch)
    vertices = mesh.vertices
    for push in part.pushes:
        vertices = push(vertices)
    return Mesh(vertices=vertices, quads=mesh.quads, uv=mesh.uv)


def render(scene: Any, path: Path, seed: int, exact: bool) -> None:
    """Render into a PNG: a picture, or (`exact`) one unblurred sample of what glows."""
    cycles = scene.cycles
    cycles.seed = seed % 2_000_000_000
    cycles.samples = 1 if exact else SAMPLES
    cycles.max_bounces = 0 if exact else 1
    cycles.pixel_filter_type = "BOX" if exact else "BLACKMAN_HARRIS"
    cycles.filter_width = 0.01 if exact else 1.9
    scene.view_settings.view_transform = "Raw" if exact else "Standard"
    scene.render.dither_intensity = 0.0 if exact else 0.5
    scene.render.image_settings.color_mode = "BW" if exact else "RGB"
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
