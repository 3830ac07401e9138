extension BuiltinSchemas {
  /// Services and endpoints.
  static let serviceSchemas: String = """
    package io.k8s.api.core.v1
    type Service kind=v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec: ServiceSpec
      status: ServiceStatus
    type ServiceSpec
      allocateLoadBalancerNodePorts: bool
      clusterIP: string
      clusterIPs: [string] atomic
      externalIPs: [string] atomic
      externalName: string
      externalTrafficPolicy: string
      healthCheckNodePort: int32
      internalTrafficPolicy: string
      ipFamilies: [string] atomic
      ipFamilyPolicy: string
      loadBalancerClass: string
      loadBalancerIP: string
      loadBalancerSourceRanges: [string] atomic
      ports: [ServicePort] merge=port,protocol
      publishNotReadyAddresses: bool
      selector: {string} atomic
      sessionAffinity: string
      sessionAffinityConfig: SessionAffinityConfig
      trafficDistribution: string
      type: string
    type ServicePort
      appProtocol: string
      name: string
      nodePort: int32
      port!: int32
      protocol: string = "TCP"
      targetPort: IntOrString
    type SessionAffinityConfig
      clientIP: ClientIPConfig
    type ClientIPConfig
      timeoutSeconds: int32
    type ServiceStatus
      conditions: [Condition] merge=type
      loadBalancer: LoadBalancerStatus
    type LoadBalancerStatus
      ingress: [LoadBalancerIngress] atomic
    type LoadBalancerIngress
      hostname: string
      ip: string
      ipMode: string
      ports: [PortStatus] atomic
    type PortStatus
      error: string
      port!: int32
      protocol!: string
    type Endpoints kind=v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      subsets: [EndpointSubset] atomic
    type EndpointSubset
      addresses: [EndpointAddress] atomic
      notReadyAddresses: [EndpointAddress] atomic
      ports: [EndpointPort] atomic
    type EndpointAddress
      hostname: string
      ip!: string
      nodeName: string
      targetRef: ObjectReference
    type EndpointPort
      appProtocol: string
      name: string
      port!: int32
      protocol: string
    package io.k8s.api.discovery.v1
    type EndpointSlice kind=discovery.k8s.io/v1
      addressType!: string
      apiVersion: string
      endpoints!: [Endpoint] atomic
      kind: string
      metadata: ObjectMeta
      ports: [EndpointPort] atomic
    type Endpoint
      addresses!: [string] set
      conditions: EndpointConditions
      deprecatedTopology: {string}
      hints: EndpointHints
      hostname: string
      nodeName: string
      targetRef: ObjectReference
      zone: string
    type EndpointConditions
      ready: bool
      serving: bool
      terminating: bool
    type EndpointHints
      forNodes: [ForNode] atomic
      forZones: [ForZone] atomic
    type ForNode
      name!: string
    type ForZone
      name!: string
    type EndpointPort
      appProtocol: string
      name: string
      port: int32
      protocol: string
    """
}
