extension BuiltinSchemas {
  /// Ingresses, their classes, NetworkPolicies.
  static let networkingSchemas: String = """
    package io.k8s.api.networking.v1
    type Ingress kind=networking.k8s.io/v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec: IngressSpec
      status: IngressStatus
    type IngressSpec
      defaultBackend: IngressBackend
      ingressClassName: string
      rules: [IngressRule] atomic
      tls: [IngressTLS] atomic
    type IngressBackend
      resource: TypedLocalObjectReference
      service: IngressServiceBackend
    type IngressServiceBackend
      name!: string
      port: ServiceBackendPort
    type ServiceBackendPort atomic
      name: string
      number: int32
    type IngressRule
      host: string
      http: HTTPIngressRuleValue
    type HTTPIngressRuleValue
      paths!: [HTTPIngressPath] atomic
    type HTTPIngressPath
      backend!: IngressBackend
      path: string
      pathType!: string
    type IngressTLS
      hosts: [string] atomic
      secretName: string
    type IngressStatus
      loadBalancer: IngressLoadBalancerStatus
    type IngressLoadBalancerStatus
      ingress: [IngressLoadBalancerIngress] atomic
    type IngressLoadBalancerIngress
      hostname: string
      ip: string
      ports: [IngressPortStatus] atomic
    type IngressPortStatus
      error: string
      port!: int32
      protocol!: string
    type IngressClass kind=networking.k8s.io/v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec: IngressClassSpec
    type IngressClassSpec
      controller: string
      parameters: IngressClassParametersReference
    type IngressClassParametersReference
      apiGroup: string
      kind!: string
      name!: string
      namespace: string
      scope: string
    type NetworkPolicy kind=networking.k8s.io/v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec: NetworkPolicySpec
    type NetworkPolicySpec
      egress: [NetworkPolicyEgressRule] atomic
      ingress: [NetworkPolicyIngressRule] atomic
      podSelector: LabelSelector
      policyTypes: [string] atomic
    type NetworkPolicyEgressRule
      ports: [NetworkPolicyPort] atomic
      to: [NetworkPolicyPeer] atomic
    type NetworkPolicyIngressRule
      from: [NetworkPolicyPeer] atomic
      ports: [NetworkPolicyPort] atomic
    type NetworkPolicyPort
      endPort: int32
      port: IntOrString
      protocol: string
    type NetworkPolicyPeer
      ipBlock: IPBlock
      namespaceSelector: LabelSelector
      podSelector: LabelSelector
    type IPBlock
      cidr!: string
      except: [string] atomic
    """
}
