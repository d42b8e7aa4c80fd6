from alfgraph.components import ActorCritic, Pipeline

seen = []


class Smuggling(ActorCritic):
    def unroll(self, step):
        policy = self.actor(step).policy
        seen.append(policy.entropy())
        return super().unroll(step)

    def update(self):
        loss = super().update()
        return loss + seen[-1].mean()


graph = Pipeline(algorithm=Smuggling())
