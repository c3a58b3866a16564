"""The weights that ship: NAME.safetensors (float16) each with NAME.json, its card."""
