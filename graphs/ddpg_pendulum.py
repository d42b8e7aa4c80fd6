"""DDPG on Pendulum: TD3's graph with another algorithm."""

from alfgraph import load
from alfgraph.components import DDPG, TDLoss

graph = load("td3_pendulum.py").swap(algorithm=DDPG(td=TDLoss(gamma=0.98)))
