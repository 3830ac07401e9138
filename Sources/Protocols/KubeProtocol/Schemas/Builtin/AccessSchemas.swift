extension BuiltinSchemas {
  /// Roles, their bindings, and tokens of ServiceAccounts.
  static let accessSchemas: String = """
    package io.k8s.api.rbac.v1
    type Role kind=rbac.authorization.k8s.io/v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      rules: [PolicyRule] atomic
    type ClusterRole kind=rbac.authorization.k8s.io/v1
      aggregationRule: AggregationRule
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      rules: [PolicyRule] atomic
    type AggregationRule
      clusterRoleSelectors: [LabelSelector] atomic
    type PolicyRule
      apiGroups: [string] atomic
      nonResourceURLs: [string] atomic
      resourceNames: [string] atomic
      resources: [string] atomic
      verbs!: [string] atomic
    type RoleBinding kind=rbac.authorization.k8s.io/v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      roleRef!: RoleRef
      subjects: [Subject] atomic
    type ClusterRoleBinding kind=rbac.authorization.k8s.io/v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      roleRef!: RoleRef
      subjects: [Subject] atomic
    type RoleRef atomic
      apiGroup: string
      kind!: string
      name!: string
    type Subject atomic
      apiGroup: string
      kind!: string
      name!: string
      namespace: string
    package io.k8s.api.authentication.v1
    type TokenRequest kind=authentication.k8s.io/v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec!: TokenRequestSpec
      status: TokenRequestStatus
    type TokenRequestSpec
      audiences: [string] atomic
      boundObjectRef: BoundObjectReference
      expirationSeconds: int64
    type BoundObjectReference
      apiVersion: string
      kind: string
      name: string
      uid: string
    type TokenRequestStatus
      expirationTimestamp!: Time
      token!: string
    type TokenReview kind=authentication.k8s.io/v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec!: TokenReviewSpec
      status: TokenReviewStatus
    type TokenReviewSpec
      audiences: [string] atomic
      token: string
    type TokenReviewStatus
      audiences: [string] atomic
      authenticated: bool
      error: string
      user: UserInfo
    """
}
