"""What every test needs before the first import: no screen, no competing thread pools."""

import os

# Set here so that the command lines which tests start inherit them.
os.environ["SDL_VIDEODRIVER"] = "dummy"
os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

torch.set_num_threads(1)
