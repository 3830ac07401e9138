extension BuiltinSchemas {
  /// HorizontalPodAutoscalers in both versions, and the scale of what they scale.
  static let autoscalingSchemas: String = """
    package io.k8s.api.autoscaling.v2
    type HorizontalPodAutoscaler kind=autoscaling/v2
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec: HorizontalPodAutoscalerSpec
      status: HorizontalPodAutoscalerStatus
    type HorizontalPodAutoscalerSpec
      behavior: HorizontalPodAutoscalerBehavior
      maxReplicas!: int32
      metrics: [MetricSpec] atomic
      minReplicas: int32
      scaleTargetRef!: CrossVersionObjectReference
    type CrossVersionObjectReference
      apiVersion: string
      kind!: string
      name!: string
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
    type HorizontalPodAutoscalerStatus
      conditions: [HorizontalPodAutoscalerCondition] merge=type
      currentMetrics: [object] atomic
      currentReplicas: int32
      desiredReplicas: int32
      lastScaleTime: Time
      observedGeneration: int64
    type HorizontalPodAutoscalerCondition
      lastTransitionTime: Time
      message: string
      reason: string
      status!: string
      type!: string
    package io.k8s.api.autoscaling.v1
    type HorizontalPodAutoscaler kind=autoscaling/v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec: HorizontalPodAutoscalerSpec
      status: HorizontalPodAutoscalerStatus
    type HorizontalPodAutoscalerSpec
      maxReplicas!: int32
      minReplicas: int32
      scaleTargetRef!: CrossVersionObjectReference
      targetCPUUtilizationPercentage: int32
    type CrossVersionObjectReference atomic
      apiVersion: string
      kind!: string
      name!: string
    type HorizontalPodAutoscalerStatus
      currentCPUUtilizationPercentage: int32
      currentReplicas: int32
      desiredReplicas: int32
      lastScaleTime: Time
      observedGeneration: int64
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
