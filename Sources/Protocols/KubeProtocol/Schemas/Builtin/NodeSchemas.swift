extension BuiltinSchemas {
  /// Nodes.
  static let nodeSchemas: String = """
    package io.k8s.api.core.v1
    type Node kind=v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec: NodeSpec
      status: NodeStatus
    type NodeSpec
      configSource: object
      externalID: string
      podCIDR: string
      podCIDRs: [string] mergeSet
      providerID: string
      taints: [Taint] atomic
      unschedulable: bool
    type Taint
      effect!: string
      key!: string
      timeAdded: Time
      value: string
    type NodeStatus
      addresses: [NodeAddress] merge=type
      allocatable: {Quantity}
      capacity: {Quantity}
      conditions: [NodeCondition] merge=type
      config: object
      daemonEndpoints: NodeDaemonEndpoints
      features: NodeFeatures
      images: [ContainerImage] atomic
      nodeInfo: NodeSystemInfo
      phase: string
      runtimeHandlers: [NodeRuntimeHandler] atomic
      volumesAttached: [AttachedVolume] atomic
      volumesInUse: [string] atomic
    type NodeAddress
      address!: string
      type!: string
    type NodeCondition
      lastHeartbeatTime: Time
      lastTransitionTime: Time
      message: string
      reason: string
      status!: string
      type!: string
    type NodeDaemonEndpoints
      kubeletEndpoint: DaemonEndpoint
    type DaemonEndpoint
      Port!: int32
    type NodeFeatures
      supplementalGroupsPolicy: bool
    type ContainerImage
      names: [string] atomic
      sizeBytes: int64
    type NodeSystemInfo
      architecture!: string
      bootID!: string
      containerRuntimeVersion!: string
      kernelVersion!: string
      kubeProxyVersion!: string
      kubeletVersion!: string
      machineID!: string
      operatingSystem!: string
      osImage!: string
      swap: NodeSwapStatus
      systemUUID!: string
    type NodeSwapStatus
      capacity: int64
    type NodeRuntimeHandler
      features: object
      name: string
    type AttachedVolume
      devicePath!: string
      name!: string
    """
}
