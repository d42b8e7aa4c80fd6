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
from alfgraph.components.buffers.replay_buffer import ReplayBuffer
from alfgraph.components.buffers.rollout_buffer import RolloutBuffer
from alfgraph.components.envs.gym_env import GymEnv
from alfgraph.components.losses.actor_critic_losses import ActorCriticLoss, PPOLoss
from alfgraph.components.networks.actor_network import ActorDistributionNetwork
from alfgraph.components.networks.mlp_network import MLP
from alfgraph.components.networks.recurrent_memory import GRU, LSTM
from alfgraph.components.networks.recurrent_networks import RecurrentActor, RecurrentValueNetwork
from alfgraph.components.networks.value_network import ValueNetwork
from alfgraph.components.optimizers.optimizers import SGD, Adam, AdamW
from alfgraph.components.pipelines import Pipeline
from alfgraph.components.returns.advantages import GAE, MonteCarlo, OneStep, TDLambda
from alfgraph.components.targets.target import Target
from alfgraph.components.transforms.frame_stack import FrameStack
from alfgraph.components.transforms.image_scale import ImageScale
from alfgraph.components.transforms.observation_normalizer import ObservationNormalizer
from alfgraph.components.transforms.reward_normalizer import (
    DiscountedReturn,
    RewardNormalizer,
    RewardStatistics,
)
from alfgraph.components.transforms.reward_transforms import (
    FunctionalReward,
    RewardClipping,
    RewardScaling,
    RewardShifting,
    RewardTransform,
    Scalarize,
)
from alfgraph.components.transforms.running_statistics import Averaging
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
    Transform,
    ValueFunction,
)
from alfgraph.schedules import Epochs, Offline, OffPolicy, OnPolicy, Rate, Schedule
from alfgraph.timestep import TimeStep
from alfgraph.trainer import Trainer

__all__ = [
    "GAE",
    "GRU",
    "LSTM",
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
    "Averaging",
    "Buffer",
    "ConstantAnnealing",
    "CyclicalAnnealing",
    "DiscountedReturn",
    "Environment",
    "Epochs",
    "ExponentialAnnealing",
    "FrameStack",
    "FunctionalReward",
    "GymEnv",
    "ImageScale",
    "LinearAnnealing",
    "Loss",
    "Metric",
    "MiniBatches",
    "MonteCarlo",
    "Network",
    "ObservationNormalizer",
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
    "RecurrentActor",
    "RecurrentValueNetwork",
    "ReplayBuffer",
    "Returns",
    "RewardClipping",
    "RewardNormalizer",
    "RewardScaling",
    "RewardShifting",
    "RewardStatistics",
    "RewardTransform",
    "RolloutBuffer",
    "Scalarize",
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
