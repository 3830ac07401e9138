extension BuiltinSchemas {
  /// `k8s.io/apimachinery`: what all kinds share.
  static let metaSchemas: String = """
    package io.k8s.apimachinery.pkg.apis.meta.v1
    alias Time: time
    alias MicroTime: time
    alias FieldsV1: object
    type ObjectMeta
      annotations: {string}
      creationTimestamp: Time
      deletionGracePeriodSeconds: int64
      deletionTimestamp: Time
      finalizers: [string] mergeSet
      generateName: string
      generation: int64
      labels: {string}
      managedFields: [ManagedFieldsEntry] atomic
      name: string
      namespace: string
      ownerReferences: [OwnerReference] merge=uid
      resourceVersion: string
      selfLink: string
      uid: string
    type ManagedFieldsEntry
      apiVersion: string
      fieldsType: string
      fieldsV1: FieldsV1
      manager: string
      operation: string
      subresource: string
      time: Time
    type OwnerReference atomic
      apiVersion!: string
      blockOwnerDeletion: bool
      controller: bool
      kind!: string
      name!: string
      uid!: string
    type LabelSelector atomic
      matchExpressions: [LabelSelectorRequirement] atomic
      matchLabels: {string}
    type LabelSelectorRequirement
      key!: string
      operator!: string
      values: [string] atomic
    type Condition
      lastTransitionTime!: Time
      message!: string
      observedGeneration: int64
      reason!: string
      status!: string
      type!: string
    type ListMeta
      continue: string
      remainingItemCount: int64
      resourceVersion: string
      selfLink: string
    type DeleteOptions
      apiVersion: string
      dryRun: [string] atomic
      gracePeriodSeconds: int64
      ignoreStoreReadErrorWithClusterBreakingPotential: bool
      kind: string
      orphanDependents: bool
      preconditions: Preconditions
      propagationPolicy: string
    type Preconditions
      resourceVersion: string
      uid: string
    type Patch
    type Status
      apiVersion: string
      code: int32
      details: StatusDetails
      kind: string
      message: string
      metadata: ListMeta
      reason: string
      status: string
    type StatusDetails
      causes: [StatusCause] atomic
      group: string
      kind: string
      name: string
      retryAfterSeconds: int32
      uid: string
    type StatusCause
      field: string
      message: string
      reason: string
    type WatchEvent
      object!: RawExtension
      type!: string
    type APIResourceList
      apiVersion: string
      groupVersion!: string
      kind: string
      resources!: [object] atomic
    package io.k8s.apimachinery.pkg.runtime
    alias RawExtension: object
    package io.k8s.apimachinery.pkg.util.intstr
    alias IntOrString: intOrString
    package io.k8s.apimachinery.pkg.api.resource
    alias Quantity: quantity
    package io.k8s.apimachinery.pkg.version
    type Info
      buildDate!: string
      compiler!: string
      gitCommit!: string
      gitTreeState!: string
      gitVersion!: string
      goVersion!: string
      major!: string
      minor!: string
      platform!: string
    """
}
