"""The parts bin: every component that ships with alfgraph, imported as `alfgraph.components`."""

if __name__ != "alfgraph.components":
    raise ImportError(f"import alfgraph.components, not {__name__}")

from alfgraph.annealing import (
    Annealing,
    ConstantAnnealing,
    CyclicalAnnealing,
    ExponentialAnnealing,
    LinearAnnealing,
    PiecewiseAnnealing,
    StepAnnealing,
)
from alfgraph.components.algorithms.actor_critic import ActorCritic
from alfgraph.components.algorithms.ppo import PPO
from alfgraph.components.buffers.mini_batches import MiniBatches
from alfgraph.components.buffers.rollout_buffer import RolloutBuffer
from alfgraph.components.envs.gym_env import GymEnv
from alfgraph.components.losses.actor_critic_losses import ActorCriticLoss, PPOLoss
from alfgraph.components.networks.actor_network import ActorDistributionNetwork
from alfgraph.components.networks.mlp_network import MLP
from alfgraph.components.networks.value_network import ValueNetwork
from alfgraph.components.optimizers.optimizers import SGD, Adam, AdamW
from alfgraph.components.pipelines import Pipeline
from alfgraph.components.returns.advantages import GAE, MonteCarlo, OneStep, TDLambda
from alfgraph.families import (
    Algorithm,
    Buffer,
    Environment,
    Loss,
    Metric,
    Network,
    Optimizer,
    PolicyNetwork,
    Returns,
    Target,
    Transform,
    ValueFunction,
)
from alfgraph.schedules import Epochs, Offline, OffPolicy, OnPolicy, Rate, Schedule
from alfgraph.timestep import TimeStep
from alfgraph.trainer import Trainer

__all__ = [
    "GAE",
    "MLP",
    "PPO",
    "SGD",
    "ActorCritic",
    "ActorCriticLoss",
    "ActorDistributionNetwork",
    "Adam",
    "AdamW",
    "Algorithm",
    "Annealing",
    "Buffer",
    "ConstantAnnealing",
    "CyclicalAnnealing",
    "Environment",
    "Epochs",
    "ExponentialAnnealing",
    "GymEnv",
    "LinearAnnealing",
    "Loss",
    "Metric",
    "MiniBatches",
    "MonteCarlo",
    "Network",
    "OffPolicy",
    "Offline",
    "OnPolicy",
    "OneStep",
    "Optimizer",
    "PPOLoss",
    "PiecewiseAnnealing",
    "Pipeline",
    "PolicyNetwork",
    "Rate",
    "Returns",
    "RolloutBuffer",
    "Schedule",
    "StepAnnealing",
    "TDLambda",
    "Target",
    "TimeStep",
    "Trainer",
    "Transform",
    "ValueFunction",
    "ValueNetwork",
]
