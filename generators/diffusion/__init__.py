"""Code diffusion: code from pure Gaussian noise, and pairs from its trajectories."""
