"""PPO on LunarLander with rl-zoo's settings, in a million steps."""

from alfgraph import load
from alfgraph.components import GymEnv

graph = load("ppo_lunar_lander_continuous.py").swap(env=GymEnv(id="LunarLander-v3", num_envs=16))
