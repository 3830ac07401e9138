extension BuiltinSchemas {
  /// GRPCRoutes; what they share with HTTPRoutes stands there.
  static let grpcRouteSchemas: String = """
    package io.k8s.networking.gateway.v1
    type GRPCRoute kind=gateway.networking.k8s.io/v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec: GRPCRouteSpec
      status: HTTPRouteStatus
    type GRPCRouteSpec
      hostnames: [string] atomic maxItems=16
      parentRefs: [ParentReference] atomic maxItems=32
      rules: [GRPCRouteRule] atomic maxItems=16
      useDefaultGateways: string
    type GRPCRouteRule
      backendRefs: [GRPCBackendRef] atomic maxItems=16
      filters: [GRPCRouteFilter] atomic maxItems=16
      matches: [GRPCRouteMatch] atomic maxItems=64
      name: string
      sessionPersistence: object
    type GRPCBackendRef
      filters: [GRPCRouteFilter] atomic maxItems=16
      group: string = ""
      kind: string = "Service"
      name!: string
      namespace: string
      port: int32 min=1 max=65535
      weight: int32 min=0 max=1000000 = 1
    type GRPCRouteMatch
      headers: [HTTPHeaderMatch] map=name maxItems=16
      method: GRPCMethodMatch
    type GRPCMethodMatch
      method: string maxLength=1024
      service: string maxLength=1024
      type: string in Exact,RegularExpression = "Exact"
    type GRPCRouteFilter
      extensionRef: LocalObjectReference
      requestHeaderModifier: HTTPHeaderFilter
      requestMirror: HTTPRequestMirrorFilter
      responseHeaderModifier: HTTPHeaderFilter
      type!: string in ExtensionRef,RequestHeaderModifier,RequestMirror,ResponseHeaderModifier
    """
}
