extension BuiltinSchemas {
  /// StatefulSets and DaemonSets.
  static let statefulSchemas: String = """
    package io.k8s.api.apps.v1
    type StatefulSet kind=apps/v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec: StatefulSetSpec
      status: StatefulSetStatus
    type StatefulSetSpec
      minReadySeconds: int32
      ordinals: StatefulSetOrdinals
      persistentVolumeClaimRetentionPolicy: StatefulSetPersistentVolumeClaimRetentionPolicy
      podManagementPolicy: string
      replicas: int32
      revisionHistoryLimit: int32
      selector!: LabelSelector
      serviceName: string
      template!: PodTemplateSpec
      updateStrategy: StatefulSetUpdateStrategy
      volumeClaimTemplates: [PersistentVolumeClaim] atomic
    type StatefulSetOrdinals
      start: int32
    type StatefulSetPersistentVolumeClaimRetentionPolicy
      whenDeleted: string
      whenScaled: string
    type StatefulSetUpdateStrategy
      rollingUpdate: RollingUpdateStatefulSetStrategy
      type: string
    type RollingUpdateStatefulSetStrategy
      maxUnavailable: IntOrString
      partition: int32
    type StatefulSetStatus
      availableReplicas: int32
      collisionCount: int32
      conditions: [StatefulSetCondition] merge=type
      currentReplicas: int32
      currentRevision: string
      observedGeneration: int64
      readyReplicas: int32
      replicas!: int32
      updateRevision: string
      updatedReplicas: int32
    type StatefulSetCondition
      lastTransitionTime: Time
      message: string
      reason: string
      status!: string
      type!: string
    type DaemonSet kind=apps/v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec: DaemonSetSpec
      status: DaemonSetStatus
    type DaemonSetSpec
      minReadySeconds: int32
      revisionHistoryLimit: int32
      selector!: LabelSelector
      template!: PodTemplateSpec
      updateStrategy: DaemonSetUpdateStrategy
    type DaemonSetUpdateStrategy
      rollingUpdate: RollingUpdateDaemonSet
      type: string
    type RollingUpdateDaemonSet
      maxSurge: IntOrString
      maxUnavailable: IntOrString
    type DaemonSetStatus
      collisionCount: int32
      conditions: [DaemonSetCondition] merge=type
      currentNumberScheduled!: int32
      desiredNumberScheduled!: int32
      numberAvailable: int32
      numberMisscheduled!: int32
      numberReady!: int32
      numberUnavailable: int32
      observedGeneration: int64
      updatedNumberScheduled: int32
    type DaemonSetCondition
      lastTransitionTime: Time
      message: string
      reason: string
      status!: string
      type!: string
    """
}
