extension BuiltinSchemas {
  /// Deployments, ReplicaSets and revisions.
  static let appsSchemas: String = """
    package io.k8s.api.apps.v1
    type Deployment kind=apps/v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec: DeploymentSpec
      status: DeploymentStatus
    type DeploymentSpec
      minReadySeconds: int32
      paused: bool
      progressDeadlineSeconds: int32
      replicas: int32
      revisionHistoryLimit: int32
      selector!: LabelSelector
      strategy: DeploymentStrategy retainKeys
      template!: PodTemplateSpec
    type DeploymentStrategy
      rollingUpdate: RollingUpdateDeployment
      type: string
    type RollingUpdateDeployment
      maxSurge: IntOrString
      maxUnavailable: IntOrString
    type DeploymentStatus
      availableReplicas: int32
      collisionCount: int32
      conditions: [DeploymentCondition] merge=type
      observedGeneration: int64
      readyReplicas: int32
      replicas: int32
      terminatingReplicas: int32
      unavailableReplicas: int32
      updatedReplicas: int32
    type DeploymentCondition
      lastTransitionTime: Time
      lastUpdateTime: Time
      message: string
      reason: string
      status!: string
      type!: string
    type ReplicaSet kind=apps/v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec: ReplicaSetSpec
      status: ReplicaSetStatus
    type ReplicaSetSpec
      minReadySeconds: int32
      replicas: int32
      selector!: LabelSelector
      template: PodTemplateSpec
    type ReplicaSetStatus
      availableReplicas: int32
      conditions: [ReplicaSetCondition] merge=type
      fullyLabeledReplicas: int32
      observedGeneration: int64
      readyReplicas: int32
      replicas!: int32
      terminatingReplicas: int32
    type ReplicaSetCondition
      lastTransitionTime: Time
      message: string
      reason: string
      status!: string
      type!: string
    type ControllerRevision kind=apps/v1
      apiVersion: string
      data: object
      kind: string
      metadata: ObjectMeta
      revision!: int64
    """
}
