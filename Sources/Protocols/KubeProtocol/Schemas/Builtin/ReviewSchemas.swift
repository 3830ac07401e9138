extension BuiltinSchemas {
  /// Questions that a client asks about itself.
  static let reviewSchemas: String = """
    package io.k8s.api.authorization.v1
    type SelfSubjectAccessReview kind=authorization.k8s.io/v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec!: SubjectAccessReviewSpec
      status: SubjectAccessReviewStatus
    type SubjectAccessReview kind=authorization.k8s.io/v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec!: SubjectAccessReviewSpec
      status: SubjectAccessReviewStatus
    type LocalSubjectAccessReview kind=authorization.k8s.io/v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec!: SubjectAccessReviewSpec
      status: SubjectAccessReviewStatus
    type SubjectAccessReviewSpec
      extra: {[string]}
      groups: [string] atomic
      nonResourceAttributes: NonResourceAttributes
      resourceAttributes: ResourceAttributes
      uid: string
      user: string
    type NonResourceAttributes
      path: string
      verb: string
    type ResourceAttributes
      fieldSelector: object
      group: string
      labelSelector: object
      name: string
      namespace: string
      resource: string
      subresource: string
      verb: string
      version: string
    type SubjectAccessReviewStatus
      allowed!: bool
      denied: bool
      evaluationError: string
      reason: string
    type SelfSubjectRulesReview kind=authorization.k8s.io/v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec!: SelfSubjectRulesReviewSpec
      status: SubjectRulesReviewStatus
    type SelfSubjectRulesReviewSpec
      namespace: string
    type SubjectRulesReviewStatus
      evaluationError: string
      incomplete!: bool
      nonResourceRules!: [NonResourceRule] atomic
      resourceRules!: [ResourceRule] atomic
    type NonResourceRule
      nonResourceURLs: [string] atomic
      verbs!: [string] atomic
    type ResourceRule
      apiGroups: [string] atomic
      resourceNames: [string] atomic
      resources: [string] atomic
      verbs!: [string] atomic
    package io.k8s.api.authentication.v1
    type SelfSubjectReview kind=authentication.k8s.io/v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      status: SelfSubjectReviewStatus
    type SelfSubjectReviewStatus
      userInfo: UserInfo
    type UserInfo
      extra: {[string]}
      groups: [string] atomic
      uid: string
      username: string
    """
}
