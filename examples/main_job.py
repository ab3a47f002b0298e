"""The main job, end to end: SeqResNet-B22 from its `.seq` file to a running, drawn network."""

from pathlib import Path
from subprocess import run
from sys import executable
from tempfile import TemporaryDirectory

from PIL import Image
from sklearn.datasets import load_sample_image

FILE = Path(__file__).parent.parent / "architectures" / "seqresnet_imagenet.seq"
NETWORK = ["--network", "SeqResNetB22"]
DRAWING = Path("seqresnet_b22.svg")


def seqdsl(*arguments: str) -> None:
    print(f"\n$ seqdsl {' '.join(arguments)}", flush=True)
    run([executable, "-m", "seqdsl", *arguments], check=True)


def main() -> None:
    with TemporaryDirectory() as folder:
        photograph = Path(folder) / "china.jpg"
        Image.fromarray(load_sample_image("china.jpg")).save(photograph)
        seqdsl("check", str(FILE))
        seqdsl("audit", str(FILE))
        seqdsl("stats", str(FILE), *NETWORK)
        seqdsl("run", str(FILE), str(photograph), *NETWORK)
        seqdsl("run", str(FILE), str(photograph), *NETWORK, "--engine", "torch")
        seqdsl("verify", str(FILE), *NETWORK)
    seqdsl("draw", str(FILE), *NETWORK, "--depth", "block", "-o", str(DRAWING))
    print(f"\nThe drawing is {DRAWING.resolve()}: open it in a browser.")


if __name__ == "__main__":
    main()
