"""The TLS settings of a plan's requests: what an action says goes before what the plan says, setting by setting."""

from __future__ import annotations

from gradual_common.plan.model.plan import Plan, Tls


def merge_tls(config: Tls, spec: Tls | None) -> Tls:
    """The settings of one action."""
    if spec is None:
        return config
    return config.model_copy(update={name: getattr(spec, name) for name in spec.model_fields_set})


def tls_in(plan: Plan) -> set[Tls]:
    """Every setting that a request of the plan may need, where a redirect leads from http to https, too."""
    return {merge_tls(plan.config.tls, spec.tls) for spec in plan.actions.values()}
