"""Public functions of `import astroclf`, for programs and notebooks."""
