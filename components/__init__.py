"""The parts bin: every component that ships with alfgraph, imported as `alfgraph.components`."""

if __name__ != "alfgraph.components":
    raise ImportError(f"import alfgraph.components, not {__name__}")

from typing import TYPE_CHECKING

from alfgraph.components.names_elsewhere import NAMES_ELSEWHERE
from alfgraph.diagnostics.suggestions import called_elsewhere
from alfgraph.faces import face

if TYPE_CHECKING:
    from alfgraph.components.algorithms.actor_critic import ActorCritic as ActorCritic
    from alfgraph.components.algorithms.c51 import C51 as C51
    from alfgraph.components.algorithms.dqn import DQN as DQN
    from alfgraph.components.algorithms.oac import OAC as OAC
    from alfgraph.components.algorithms.ppo import PPO as PPO
    from alfgraph.components.algorithms.qrdqn import QRDQN as QRDQN
    from alfgraph.components.algorithms.qrsac import QRSAC as QRSAC
    from alfgraph.components.algorithms.qrsac import TQC as TQC
    from alfgraph.components.algorithms.sac import SAC as SAC
    from alfgraph.components.algorithms.smooth_sac import SmoothSAC as SmoothSAC
    from alfgraph.components.algorithms.td3 import DDPG as DDPG
    from alfgraph.components.algorithms.td3 import TD3 as TD3
    from alfgraph.components.buffers.goal_reward import FunctionalGoalReward as FunctionalGoalReward
    from alfgraph.components.buffers.goal_reward import GoalReward as GoalReward
    from alfgraph.components.buffers.goal_reward import SparseGoalReward as SparseGoalReward
    from alfgraph.components.buffers.hindsight_replay import HindsightReplay as HindsightReplay
    from alfgraph.components.buffers.mini_batches import MiniBatches as MiniBatches
    from alfgraph.components.buffers.prioritized_replay import (
        PrioritizedReplay as PrioritizedReplay,
    )
    from alfgraph.components.buffers.replay_buffer import ReplayBuffer as ReplayBuffer
    from alfgraph.components.buffers.rollout_buffer import RolloutBuffer as RolloutBuffer
    from alfgraph.components.envs.gym_env import GymEnv as GymEnv
    from alfgraph.components.exploration.action_noise import ActionNoise as ActionNoise
    from alfgraph.components.exploration.action_noise import GaussianNoise as GaussianNoise
    from alfgraph.components.exploration.action_noise import (
        OrnsteinUhlenbeckNoise as OrnsteinUhlenbeckNoise,
    )
    from alfgraph.components.exploration.epsilon_greedy import EpsilonGreedy as EpsilonGreedy
    from alfgraph.components.exploration.epsilon_greedy import Greedy as Greedy
    from alfgraph.components.exploration.optimistic import (
        OptimisticExploration as OptimisticExploration,
    )
    from alfgraph.components.exploration.state_dependent_noise import (
        StateDependentNoise as StateDependentNoise,
    )
    from alfgraph.components.losses.actor_critic_loss import ActorCriticLoss as ActorCriticLoss
    from alfgraph.components.losses.categorical_loss import CategoricalLoss as CategoricalLoss
    from alfgraph.components.losses.ppo_loss import PPOLoss as PPOLoss
    from alfgraph.components.losses.quantile_loss import QuantileLoss as QuantileLoss
    from alfgraph.components.losses.td_loss import TDLoss as TDLoss
    from alfgraph.components.losses.td_loss import ValidMean as ValidMean
    from alfgraph.components.losses.temperature_loss import TemperatureLoss as TemperatureLoss
    from alfgraph.components.networks.actor_network import (
        ActorDistributionNetwork as ActorDistributionNetwork,
    )
    from alfgraph.components.networks.actor_network import SoftActor as SoftActor
    from alfgraph.components.networks.critic_network import CriticNetwork as CriticNetwork
    from alfgraph.components.networks.critic_network import Ensemble as Ensemble
    from alfgraph.components.networks.deterministic_actor import ActorNetwork as ActorNetwork
    from alfgraph.components.networks.distributional_q import (
        CategoricalQNetwork as CategoricalQNetwork,
    )
    from alfgraph.components.networks.distributional_q import QuantileQNetwork as QuantileQNetwork
    from alfgraph.components.networks.mlp_network import MLP as MLP
    from alfgraph.components.networks.q_network import QNetwork as QNetwork
    from alfgraph.components.networks.quantile_critic import QuantileCritic as QuantileCritic
    from alfgraph.components.networks.recurrent_memory import GRU as GRU
    from alfgraph.components.networks.recurrent_memory import LSTM as LSTM
    from alfgraph.components.networks.recurrent_networks import RecurrentActor as RecurrentActor
    from alfgraph.components.networks.recurrent_networks import (
        RecurrentValueNetwork as RecurrentValueNetwork,
    )
    from alfgraph.components.networks.smooth_actor import SmoothActor as SmoothActor
    from alfgraph.components.networks.taken_value import TakenValue as TakenValue
    from alfgraph.components.networks.temperature import Temperature as Temperature
    from alfgraph.components.networks.value_network import ValueNetwork as ValueNetwork
    from alfgraph.components.optimizers.adam import Adam as Adam
    from alfgraph.components.optimizers.adam import AdamW as AdamW
    from alfgraph.components.optimizers.sgd import SGD as SGD
    from alfgraph.components.pipelines import Pipeline as Pipeline
    from alfgraph.components.returns.advantages import GAE as GAE
    from alfgraph.components.returns.advantages import MonteCarlo as MonteCarlo
    from alfgraph.components.returns.advantages import OneStep as OneStep
    from alfgraph.components.returns.advantages import TDLambda as TDLambda
    from alfgraph.components.returns.categorical_projection import (
        CategoricalProjection as CategoricalProjection,
    )
    from alfgraph.components.returns.quantile_targets import LeastQuantiles as LeastQuantiles
    from alfgraph.components.returns.quantile_targets import (
        TruncatedQuantiles as TruncatedQuantiles,
    )
    from alfgraph.components.returns.soft_value import ChosenValue as ChosenValue
    from alfgraph.components.returns.soft_value import Draw as Draw
    from alfgraph.components.returns.soft_value import SoftValue as SoftValue
    from alfgraph.components.targets.target import Target as Target
    from alfgraph.components.transforms.frame_stack import FrameStack as FrameStack
    from alfgraph.components.transforms.image_scale import ImageScale as ImageScale
    from alfgraph.components.transforms.observation_normalizer import (
        ObservationNormalizer as ObservationNormalizer,
    )
    from alfgraph.components.transforms.reward_normalizer import (
        DiscountedReturn as DiscountedReturn,
    )
    from alfgraph.components.transforms.reward_normalizer import (
        RewardNormalizer as RewardNormalizer,
    )
    from alfgraph.components.transforms.reward_normalizer import (
        RewardStatistics as RewardStatistics,
    )
    from alfgraph.components.transforms.reward_transforms import (
        FunctionalReward as FunctionalReward,
    )
    from alfgraph.components.transforms.reward_transforms import RewardClipping as RewardClipping
    from alfgraph.components.transforms.reward_transforms import RewardScaling as RewardScaling
    from alfgraph.components.transforms.reward_transforms import RewardShifting as RewardShifting
    from alfgraph.components.transforms.reward_transforms import RewardTransform as RewardTransform
    from alfgraph.components.transforms.reward_transforms import Scalarize as Scalarize
    from alfgraph.components.transforms.running_statistics import Averaging as Averaging
    from alfgraph.families.algorithm import Algorithm as Algorithm
    from alfgraph.families.annealing import Annealing as Annealing
    from alfgraph.families.annealing import ConstantAnnealing as ConstantAnnealing
    from alfgraph.families.annealing import CyclicalAnnealing as CyclicalAnnealing
    from alfgraph.families.annealing import ExponentialAnnealing as ExponentialAnnealing
    from alfgraph.families.annealing import LinearAnnealing as LinearAnnealing
    from alfgraph.families.annealing import PiecewiseAnnealing as PiecewiseAnnealing
    from alfgraph.families.annealing import StepAnnealing as StepAnnealing
    from alfgraph.families.buffer import Buffer as Buffer
    from alfgraph.families.environment import Environment as Environment
    from alfgraph.families.learning import Exploration as Exploration
    from alfgraph.families.learning import Loss as Loss
    from alfgraph.families.learning import Metric as Metric
    from alfgraph.families.learning import Optimizer as Optimizer
    from alfgraph.families.learning import Returns as Returns
    from alfgraph.families.network import ActionValueFunction as ActionValueFunction
    from alfgraph.families.network import Network as Network
    from alfgraph.families.network import PolicyNetwork as PolicyNetwork
    from alfgraph.families.network import ValueFunction as ValueFunction
    from alfgraph.families.schedules import Epochs as Epochs
    from alfgraph.families.schedules import Offline as Offline
    from alfgraph.families.schedules import OffPolicy as OffPolicy
    from alfgraph.families.schedules import OnPolicy as OnPolicy
    from alfgraph.families.timestep import TimeStep as TimeStep
    from alfgraph.families.trainer import Trainer as Trainer
    from alfgraph.families.transform import Transform as Transform
    from alfgraph.wiring.schedule import Rate as Rate
    from alfgraph.wiring.schedule import Schedule as Schedule

__getattr__, __dir__, __all__ = face(__name__, __file__)

called_elsewhere(NAMES_ELSEWHERE)
