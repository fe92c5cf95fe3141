"""ThingMagic and JADAK Mercury modules (M5e, M6e, Nano, M7e) and their relatives, such as Silion's."""
