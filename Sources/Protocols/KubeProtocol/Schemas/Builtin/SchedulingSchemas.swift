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
    """
}
