extension BuiltinSchemas {
  /// Namespaces, configuration, accounts, events.
  static let coreSchemas: String = """
    package io.k8s.api.core.v1
    type LocalObjectReference atomic
      name: string
    type ObjectReference atomic
      apiVersion: string
      fieldPath: string
      kind: string
      name: string
      namespace: string
      resourceVersion: string
      uid: string
    type Namespace kind=v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec: NamespaceSpec
      status: NamespaceStatus
    type NamespaceSpec
      finalizers: [string] atomic
    type NamespaceStatus
      conditions: [NamespaceCondition] merge=type
      phase: string
    type NamespaceCondition
      lastTransitionTime: Time
      message: string
      reason: string
      status!: string
      type!: string
    type ConfigMap kind=v1
      apiVersion: string
      binaryData: {bytes}
      data: {string}
      immutable: bool
      kind: string
      metadata: ObjectMeta
    type Secret kind=v1
      apiVersion: string
      data: {bytes}
      immutable: bool
      kind: string
      metadata: ObjectMeta
      stringData: {string}
      type: string
    type ServiceAccount kind=v1
      apiVersion: string
      automountServiceAccountToken: bool
      imagePullSecrets: [LocalObjectReference] atomic
      kind: string
      metadata: ObjectMeta
      secrets: [ObjectReference] merge=name
    type Event kind=v1
      action: string
      apiVersion: string
      count: int32
      eventTime: MicroTime
      firstTimestamp: Time
      involvedObject!: ObjectReference
      kind: string
      lastTimestamp: Time
      message: string
      metadata!: ObjectMeta
      reason: string
      related: ObjectReference
      reportingComponent: string
      reportingInstance: string
      series: EventSeries
      source: EventSource
      type: string
    type EventSeries
      count: int32
      lastObservedTime: MicroTime
    type EventSource
      component: string
      host: string
    package io.k8s.api.coordination.v1
    type Lease kind=coordination.k8s.io/v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec: LeaseSpec
    type LeaseSpec
      acquireTime: MicroTime
      holderIdentity: string
      leaseDurationSeconds: int32
      leaseTransitions: int32
      preferredHolder: string
      renewTime: MicroTime
      strategy: string
    """
}
