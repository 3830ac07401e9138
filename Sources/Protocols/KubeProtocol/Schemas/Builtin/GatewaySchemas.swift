extension BuiltinSchemas {
  /// Gateway API v1: GatewayClass, Gateway, HTTPRoute (standard channel).
  static let gatewaySchemas: String = """
    package io.k8s.networking.gateway.v1
    type GatewayClass kind=gateway.networking.k8s.io/v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec!: GatewayClassSpec
      status: GatewayClassStatus
    type GatewayClassSpec
      controllerName!: string minLength=1 maxLength=253
      description: string maxLength=64
      parametersRef: ParametersReference
    type ParametersReference
      group!: string
      kind!: string
      name!: string
      namespace: string
    type GatewayClassStatus
      conditions: [Condition] map=type
      supportedFeatures: [SupportedFeature] map=name
    type SupportedFeature
      name!: string
    type Gateway kind=gateway.networking.k8s.io/v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec!: GatewaySpec
      status: GatewayStatus
    type GatewaySpec
      addresses: [GatewayAddress] maxItems=16
      allowedListeners: object
      backendTLS: object
      gatewayClassName!: string minLength=1 maxLength=253
      infrastructure: GatewayInfrastructure
      listeners!: [Listener] map=name minItems=1 maxItems=64
      tls: object
    type GatewayAddress
      type: string = "IPAddress"
      value: string
    type GatewayInfrastructure
      annotations: {string}
      labels: {string}
      parametersRef: LocalParametersReference
    type LocalParametersReference
      group!: string
      kind!: string
      name!: string
    type Listener
      allowedRoutes: AllowedRoutes = {"namespaces":{"from":"Same"}}
      hostname: string minLength=1 maxLength=253
      name!: string minLength=1 maxLength=253
      port!: int32 min=1 max=65535
      protocol!: string minLength=1 maxLength=255
      tls: GatewayTLSConfig
    type AllowedRoutes
      kinds: [RouteGroupKind] maxItems=8
      namespaces: RouteNamespaces = {"from":"Same"}
    type RouteGroupKind
      group: string = "gateway.networking.k8s.io"
      kind!: string
    type RouteNamespaces
      from: string in All,Selector,Same,None = "Same"
      selector: LabelSelector
    type GatewayTLSConfig
      certificateRefs: [SecretObjectReference] maxItems=64
      frontendValidation: object
      mode: string in Terminate,Passthrough = "Terminate"
      options: {string}
    type SecretObjectReference
      group: string = ""
      kind: string = "Secret"
      name!: string
      namespace: string
    type GatewayStatus
      addresses: [GatewayStatusAddress] maxItems=16
      attachedListenerSets: int32
      conditions: [Condition] map=type
      listeners: [ListenerStatus] map=name
    type GatewayStatusAddress
      type: string = "IPAddress"
      value!: string
    type ListenerStatus
      attachedRoutes!: int32
      conditions!: [Condition] map=type
      name!: string
      supportedKinds: [RouteGroupKind] maxItems=8
    type HTTPRoute kind=gateway.networking.k8s.io/v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec!: HTTPRouteSpec
      status: HTTPRouteStatus
    type HTTPRouteSpec
      hostnames: [string] maxItems=16
      parentRefs: [ParentReference] maxItems=32
      rules: [HTTPRouteRule] maxItems=16
      useDefaultGateways: string
    type ParentReference
      group: string = "gateway.networking.k8s.io"
      kind: string = "Gateway"
      name!: string
      namespace: string
      port: int32 min=1 max=65535
      sectionName: string
    type HTTPRouteRule
      backendRefs: [HTTPBackendRef] maxItems=16
      filters: [HTTPRouteFilter] maxItems=16
      matches: [HTTPRouteMatch] maxItems=64
      name: string
      retry: HTTPRouteRetry
      sessionPersistence: SessionPersistence
      timeouts: HTTPRouteTimeouts
    type HTTPRouteRetry
      attempts: int32
      backoff: string
      codes: [int32]
    type SessionPersistence
      absoluteTimeout: string
      cookieConfig: CookieConfig
      idleTimeout: string
      sessionName: string
      type: string in Cookie,Header = "Cookie"
    type CookieConfig
      lifetimeType: string
    type HTTPRouteTimeouts
      backendRequest: string
      request: string
    type HTTPBackendRef
      filters: [HTTPRouteFilter] maxItems=16
      group: string = ""
      kind: string = "Service"
      name!: string
      namespace: string
      port: int32 min=1 max=65535
      weight: int32 min=0 max=1000000 = 1
    type HTTPRouteMatch
      headers: [HTTPHeaderMatch] map=name maxItems=16
      method: string in GET,HEAD,POST,PUT,DELETE,CONNECT,OPTIONS,TRACE,PATCH
      path: HTTPPathMatch = {"type":"PathPrefix","value":"/"}
      queryParams: [HTTPQueryParamMatch] map=name maxItems=16
    type HTTPPathMatch
      type: string in Exact,PathPrefix,RegularExpression = "PathPrefix"
      value: string maxLength=1024 = "/"
    type HTTPHeaderMatch
      name!: string
      type: string in Exact,RegularExpression = "Exact"
      value!: string
    type HTTPQueryParamMatch
      name!: string
      type: string in Exact,RegularExpression = "Exact"
      value!: string
    type HTTPRouteFilter
      cors: object
      extensionRef: LocalObjectReference
      requestHeaderModifier: HTTPHeaderFilter
      requestMirror: HTTPRequestMirrorFilter
      requestRedirect: HTTPRequestRedirectFilter
      responseHeaderModifier: HTTPHeaderFilter
      type!: string
      urlRewrite: HTTPURLRewriteFilter
    type LocalObjectReference
      group!: string
      kind!: string
      name!: string
    type HTTPHeaderFilter
      add: [HTTPHeader] map=name maxItems=16
      remove: [string] set maxItems=16
      set: [HTTPHeader] map=name maxItems=16
    type HTTPHeader
      name!: string
      value!: string
    type HTTPRequestMirrorFilter
      backendRef!: BackendObjectReference
      fraction: Fraction
      percent: int32 min=0 max=100
    type Fraction
      denominator: int32 = 100
      numerator!: int32
    type BackendObjectReference
      group: string = ""
      kind: string = "Service"
      name!: string
      namespace: string
      port: int32 min=1 max=65535
    type HTTPRequestRedirectFilter
      hostname: string
      path: HTTPPathModifier
      port: int32 min=1 max=65535
      scheme: string in http,https
      statusCode: int32 = 302
    type HTTPPathModifier
      replaceFullPath: string
      replacePrefixMatch: string
      type!: string in ReplaceFullPath,ReplacePrefixMatch
    type HTTPURLRewriteFilter
      hostname: string
      path: HTTPPathModifier
    type HTTPRouteStatus
      parents!: [RouteParentStatus] maxItems=32
    type RouteParentStatus
      conditions: [Condition] map=type
      controllerName!: string
      parentRef!: ParentReference
    """
}
