extension BuiltinSchemas {
  /// Jobs and CronJobs.
  static let batchSchemas: String = """
    package io.k8s.api.batch.v1
    type Job kind=batch/v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec: JobSpec
      status: JobStatus
    type JobSpec
      activeDeadlineSeconds: int64
      backoffLimit: int32
      backoffLimitPerIndex: int32
      completionMode: string
      completions: int32
      managedBy: string
      manualSelector: bool
      maxFailedIndexes: int32
      parallelism: int32
      podFailurePolicy: PodFailurePolicy
      podReplacementPolicy: string
      selector: LabelSelector
      successPolicy: SuccessPolicy
      suspend: bool
      template!: PodTemplateSpec
      ttlSecondsAfterFinished: int32
    type PodFailurePolicy
      rules!: [PodFailurePolicyRule] atomic
    type PodFailurePolicyRule
      action!: string
      onExitCodes: PodFailurePolicyOnExitCodesRequirement
      onPodConditions: [PodFailurePolicyOnPodConditionsPattern] atomic
    type PodFailurePolicyOnExitCodesRequirement
      containerName: string
      operator!: string
      values!: [int32] set
    type PodFailurePolicyOnPodConditionsPattern
      status!: string
      type!: string
    type SuccessPolicy
      rules!: [SuccessPolicyRule] atomic
    type SuccessPolicyRule
      succeededCount: int32
      succeededIndexes: string
    type JobStatus
      active: int32
      completedIndexes: string
      completionTime: Time
      conditions: [JobCondition] merge=type
      failed: int32
      failedIndexes: string
      ready: int32
      startTime: Time
      succeeded: int32
      terminating: int32
      uncountedTerminatedPods: UncountedTerminatedPods
    type UncountedTerminatedPods
      failed: [string] set
      succeeded: [string] set
    type JobCondition
      lastProbeTime: Time
      lastTransitionTime: Time
      message: string
      reason: string
      status!: string
      type!: string
    type CronJob kind=batch/v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec: CronJobSpec
      status: CronJobStatus
    type CronJobSpec
      concurrencyPolicy: string
      failedJobsHistoryLimit: int32
      jobTemplate!: JobTemplateSpec
      schedule!: string
      startingDeadlineSeconds: int64
      successfulJobsHistoryLimit: int32
      suspend: bool
      timeZone: string
    type JobTemplateSpec
      metadata: ObjectMeta
      spec: JobSpec
    type CronJobStatus
      active: [ObjectReference] atomic
      lastScheduleTime: Time
      lastSuccessfulTime: Time
    """
}
