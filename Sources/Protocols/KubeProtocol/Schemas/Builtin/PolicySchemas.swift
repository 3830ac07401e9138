extension BuiltinSchemas {
  /// What limits pods: disruption budgets, quotas, ranges, priorities.
  static let policySchemas: String = """
    package io.k8s.api.policy.v1
    type PodDisruptionBudget kind=policy/v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec: PodDisruptionBudgetSpec
      status: PodDisruptionBudgetStatus
    type PodDisruptionBudgetSpec
      maxUnavailable: IntOrString
      minAvailable: IntOrString
      selector: LabelSelector
      unhealthyPodEvictionPolicy: string
    type PodDisruptionBudgetStatus
      conditions: [Condition] merge=type
      currentHealthy: int32
      desiredHealthy: int32
      disruptedPods: {Time}
      disruptionsAllowed: int32
      expectedPods: int32
      observedGeneration: int64
    package io.k8s.api.scheduling.v1
    type PriorityClass kind=scheduling.k8s.io/v1
      apiVersion: string
      description: string
      globalDefault: bool
      kind: string
      metadata: ObjectMeta
      preemptionPolicy: string
      value!: int32
    package io.k8s.api.core.v1
    type ResourceQuota kind=v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec: ResourceQuotaSpec
      status: ResourceQuotaStatus
    type ResourceQuotaSpec
      hard: {Quantity}
      scopeSelector: ScopeSelector
      scopes: [string] atomic
    type ScopeSelector atomic
      matchExpressions: [ScopedResourceSelectorRequirement] atomic
    type ScopedResourceSelectorRequirement
      operator!: string
      scopeName!: string
      values: [string] atomic
    type ResourceQuotaStatus
      hard: {Quantity}
      used: {Quantity}
    type LimitRange kind=v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec: LimitRangeSpec
    type LimitRangeSpec
      limits!: [LimitRangeItem] atomic
    type LimitRangeItem
      default: {Quantity}
      defaultRequest: {Quantity}
      max: {Quantity}
      maxLimitRequestRatio: {Quantity}
      min: {Quantity}
      type!: string
    """
}
