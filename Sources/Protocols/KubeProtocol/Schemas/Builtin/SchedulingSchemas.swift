extension BuiltinSchemas {
  /// Affinity, tolerations, spreading.
  static let schedulingSchemas: String = """
    package io.k8s.api.core.v1
    type Affinity
      nodeAffinity: NodeAffinity
      podAffinity: PodAffinity
      podAntiAffinity: PodAntiAffinity
    type NodeAffinity
      preferredDuringSchedulingIgnoredDuringExecution: [PreferredSchedulingTerm] atomic
      requiredDuringSchedulingIgnoredDuringExecution: NodeSelector
    type PreferredSchedulingTerm
      preference!: NodeSelectorTerm
      weight!: int32
    type NodeSelector atomic
      nodeSelectorTerms!: [NodeSelectorTerm] atomic
    type NodeSelectorTerm atomic
      matchExpressions: [NodeSelectorRequirement] atomic
      matchFields: [NodeSelectorRequirement] atomic
    type NodeSelectorRequirement
      key!: string
      operator!: string
      values: [string] atomic
    type PodAffinity
      preferredDuringSchedulingIgnoredDuringExecution: [WeightedPodAffinityTerm] atomic
      requiredDuringSchedulingIgnoredDuringExecution: [PodAffinityTerm] atomic
    type PodAntiAffinity
      preferredDuringSchedulingIgnoredDuringExecution: [WeightedPodAffinityTerm] atomic
      requiredDuringSchedulingIgnoredDuringExecution: [PodAffinityTerm] atomic
    type WeightedPodAffinityTerm
      podAffinityTerm!: PodAffinityTerm
      weight!: int32
    type PodAffinityTerm
      labelSelector: LabelSelector
      matchLabelKeys: [string] atomic
      mismatchLabelKeys: [string] atomic
      namespaceSelector: LabelSelector
      namespaces: [string] atomic
      topologyKey!: string
    type Toleration
      effect: string
      key: string
      operator: string
      tolerationSeconds: int64
      value: string
    type TopologySpreadConstraint
      labelSelector: LabelSelector
      matchLabelKeys: [string] atomic
      maxSkew!: int32
      minDomains: int32
      nodeAffinityPolicy: string
      nodeTaintsPolicy: string
      topologyKey!: string
      whenUnsatisfiable!: string
    package io.k8s.api.autoscaling.v2
    type HorizontalPodAutoscalerBehavior
      scaleDown: HPAScalingRules
      scaleUp: HPAScalingRules
    type HPAScalingRules
      policies: [HPAScalingPolicy] atomic
      selectPolicy: string
      stabilizationWindowSeconds: int32
      tolerance: Quantity
    type HPAScalingPolicy
      periodSeconds!: int32
      type!: string
      value!: int32
    type MetricSpec
      containerResource: ContainerResourceMetricSource
      external: ExternalMetricSource
      object: ObjectMetricSource
      pods: PodsMetricSource
      resource: ResourceMetricSource
      type!: string
    type ContainerResourceMetricSource
      container!: string
      name!: string
      target!: MetricTarget
    type ExternalMetricSource
      metric!: MetricIdentifier
      target!: MetricTarget
    type ObjectMetricSource
      describedObject!: CrossVersionObjectReference
      metric!: MetricIdentifier
      target!: MetricTarget
    type PodsMetricSource
      metric!: MetricIdentifier
      target!: MetricTarget
    type ResourceMetricSource
      name!: string
      target!: MetricTarget
    type MetricIdentifier
      name!: string
      selector: LabelSelector
    type MetricTarget
      averageUtilization: int32
      averageValue: Quantity
      type!: string
      value: Quantity
    type CrossVersionObjectReference
      apiVersion: string
      kind!: string
      name!: string
    package io.k8s.api.autoscaling.v1
    type Scale kind=autoscaling/v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec: ScaleSpec
      status: ScaleStatus
    type ScaleSpec
      replicas: int32
    type ScaleStatus
      replicas!: int32
      selector: string
    """
}
