"""What Stable-Baselines3, CleanRL, TorchRL and RLlib call a setting of a component.

Somebody who types `PPO(clip_range=0.1)` is asked whether `clip` was meant.
"""

NAMES_ELSEWHERE = {
    "clip": ("clip_range", "clip_coef", "clip_epsilon"),
    "entropy_weight": ("ent_coef", "entropy_coef"),
    "epochs": ("n_epochs", "num_epochs"),
    "gamma": ("discount", "discount_factor"),
    "gradient_clipping": ("max_grad_norm", "grad_clip"),
    "hidden": ("hidden_sizes", "hidden_layers", "net_arch"),
    "id": ("env_id",),
    "initial_collect_steps": ("learning_starts", "warmup"),
    "lambda_": ("gae_lambda", "lam"),
    "lr": ("learning_rate",),
    "max_length": ("buffer_size", "capacity"),
    "mini_batch_size": ("batch_size",),
    "num_env_steps": ("total_timesteps",),
    "num_envs": ("n_envs",),
    "num_updates_per_train_iter": ("gradient_steps",),
    "random_seed": ("seed",),
    "tau": ("polyak",),
    "unroll_length": ("n_steps", "num_steps", "rollout_length"),
    "value_weight": ("vf_coef",),
}
