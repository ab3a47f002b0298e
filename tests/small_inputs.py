"""A small network, and how its input is made."""

NET = """network Net(classes = 3) {
  input 3x8x8
  conv 3x3, 4
  global_average_pool
  fc classes
}
"""


HOW = {
    "color": "RGB", "size": [8, 8], "resize": [8, 8], "crop": None, "interpolation": "nearest",
    "scale": 0.5, "mean": [1, 2, 3], "std": [4, 5, 6],
}  # fmt: skip
