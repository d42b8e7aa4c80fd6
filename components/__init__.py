"""The parts bin: every component that ships with alfgraph, imported as `alfgraph.components`."""

if __name__ != "alfgraph.components":
    raise ImportError(f"import alfgraph.components, not {__name__}")

from alfgraph.components.algorithms.actor_critic import ActorCritic
from alfgraph.components.algorithms.c51 import C51
from alfgraph.components.algorithms.dqn import DQN
from alfgraph.components.algorithms.oac import OAC
from alfgraph.components.algorithms.ppo import PPO
from alfgraph.components.algorithms.qrdqn import QRDQN
from alfgraph.components.algorithms.qrsac import QRSAC, TQC
from alfgraph.components.algorithms.sac import SAC
from alfgraph.components.algorithms.smooth_sac import SmoothSAC
from alfgraph.components.algorithms.td3 import DDPG, TD3
from alfgraph.components.buffers.goal_reward import (
    FunctionalGoalReward,
    GoalReward,
    SparseGoalReward,
)
from alfgraph.components.buffers.hindsight_replay import HindsightReplay
from alfgraph.components.buffers.mini_batches import MiniBatches
from alfgraph.components.buffers.prioritized_replay import PrioritizedReplay
from alfgraph.components.buffers.replay_buffer import ReplayBuffer
from alfgraph.components.buffers.rollout_buffer import RolloutBuffer
from alfgraph.components.envs.gym_env import GymEnv
from alfgraph.components.exploration.action_noise import (
    ActionNoise,
    GaussianNoise,
    OrnsteinUhlenbeckNoise,
)
from alfgraph.components.exploration.epsilon_greedy import EpsilonGreedy, Greedy
from alfgraph.components.exploration.optimistic import OptimisticExploration
from alfgraph.components.exploration.state_dependent_noise import StateDependentNoise
from alfgraph.components.losses.actor_critic_losses import ActorCriticLoss, PPOLoss
from alfgraph.components.losses.categorical_loss import CategoricalLoss
from alfgraph.components.losses.quantile_loss import QuantileLoss
from alfgraph.components.losses.td_loss import TDLoss, ValidMean
from alfgraph.components.losses.temperature_loss import TemperatureLoss
from alfgraph.components.networks.actor_network import ActorDistributionNetwork, SoftActor
from alfgraph.components.networks.critic_network import CriticNetwork, Ensemble
from alfgraph.components.networks.deterministic_actor import ActorNetwork
from alfgraph.components.networks.distributional_q import CategoricalQNetwork, QuantileQNetwork
from alfgraph.components.networks.mlp_network import MLP
from alfgraph.components.networks.q_network import QNetwork
from alfgraph.components.networks.quantile_critic import QuantileCritic
from alfgraph.components.networks.recurrent_memory import GRU, LSTM
from alfgraph.components.networks.recurrent_networks import RecurrentActor, RecurrentValueNetwork
from alfgraph.components.networks.smooth_actor import SmoothActor
from alfgraph.components.networks.taken_value import TakenValue
from alfgraph.components.networks.temperature import Temperature
from alfgraph.components.networks.value_network import ValueNetwork
from alfgraph.components.optimizers.optimizers import SGD, Adam, AdamW
from alfgraph.components.pipelines import Pipeline
from alfgraph.components.returns.advantages import GAE, MonteCarlo, OneStep, TDLambda
from alfgraph.components.returns.categorical_projection import CategoricalProjection
from alfgraph.components.returns.quantile_targets import LeastQuantiles, TruncatedQuantiles
from alfgraph.components.returns.soft_value import ChosenValue, Draw, SoftValue
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
from alfgraph.families.algorithm import Algorithm
from alfgraph.families.annealing import (
    Annealing,
    ConstantAnnealing,
    CyclicalAnnealing,
    ExponentialAnnealing,
    LinearAnnealing,
    PiecewiseAnnealing,
    StepAnnealing,
)
from alfgraph.families.buffer import Buffer
from alfgraph.families.environment import Environment
from alfgraph.families.learning import Exploration, Loss, Metric, Optimizer, Returns
from alfgraph.families.network import ActionValueFunction, Network, PolicyNetwork, ValueFunction
from alfgraph.families.schedules import Epochs, Offline, OffPolicy, OnPolicy
from alfgraph.families.timestep import TimeStep
from alfgraph.families.trainer import Trainer
from alfgraph.families.transform import Transform
from alfgraph.wiring.schedule import Rate, Schedule

__all__ = [
    "C51",
    "DDPG",
    "DQN",
    "GAE",
    "GRU",
    "LSTM",
    "MLP",
    "OAC",
    "PPO",
    "QRDQN",
    "QRSAC",
    "SAC",
    "SGD",
    "TD3",
    "TQC",
    "ActionNoise",
    "ActionValueFunction",
    "ActorCritic",
    "ActorCriticLoss",
    "ActorDistributionNetwork",
    "ActorNetwork",
    "Adam",
    "AdamW",
    "Algorithm",
    "Annealing",
    "Averaging",
    "Buffer",
    "CategoricalLoss",
    "CategoricalProjection",
    "CategoricalQNetwork",
    "ChosenValue",
    "ConstantAnnealing",
    "CriticNetwork",
    "CyclicalAnnealing",
    "DiscountedReturn",
    "Draw",
    "Ensemble",
    "Environment",
    "Epochs",
    "EpsilonGreedy",
    "Exploration",
    "ExponentialAnnealing",
    "FrameStack",
    "FunctionalGoalReward",
    "FunctionalReward",
    "GaussianNoise",
    "GoalReward",
    "Greedy",
    "GymEnv",
    "HindsightReplay",
    "ImageScale",
    "LeastQuantiles",
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
    "OptimisticExploration",
    "Optimizer",
    "OrnsteinUhlenbeckNoise",
    "PPOLoss",
    "PiecewiseAnnealing",
    "Pipeline",
    "PolicyNetwork",
    "PrioritizedReplay",
    "QNetwork",
    "QuantileCritic",
    "QuantileLoss",
    "QuantileQNetwork",
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
    "SmoothActor",
    "SmoothSAC",
    "SoftActor",
    "SoftValue",
    "SparseGoalReward",
    "StateDependentNoise",
    "StepAnnealing",
    "TDLambda",
    "TDLoss",
    "TakenValue",
    "Target",
    "Temperature",
    "TemperatureLoss",
    "TimeStep",
    "Trainer",
    "Transform",
    "TruncatedQuantiles",
    "ValidMean",
    "ValueFunction",
    "ValueNetwork",
]
