extension BuiltinSchemas {
  /// CustomResourceDefinitions.
  static let extensionSchemas: String = """
    package io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1
    type CustomResourceDefinition kind=apiextensions.k8s.io/v1
      apiVersion: string
      kind: string
      metadata: ObjectMeta
      spec!: CustomResourceDefinitionSpec
      status: CustomResourceDefinitionStatus
    type CustomResourceDefinitionSpec
      conversion: CustomResourceConversion
      group!: string
      names!: CustomResourceDefinitionNames
      preserveUnknownFields: bool
      scope!: string in Cluster,Namespaced
      versions!: [CustomResourceDefinitionVersion] atomic
    type CustomResourceConversion
      strategy!: string
      webhook: object
    type CustomResourceDefinitionNames
      categories: [string] atomic
      kind!: string
      listKind: string
      plural!: string
      shortNames: [string] atomic
      singular: string
    type CustomResourceDefinitionVersion
      additionalPrinterColumns: [CustomResourceColumnDefinition] atomic
      deprecated: bool
      deprecationWarning: string
      name!: string
      schema: CustomResourceValidation
      selectableFields: [SelectableField] atomic
      served!: bool
      storage!: bool
      subresources: CustomResourceSubresources
    type CustomResourceColumnDefinition
      description: string
      format: string
      jsonPath!: string
      name!: string
      priority: int32
      type!: string
    type SelectableField
      jsonPath!: string
    type CustomResourceValidation
      openAPIV3Schema: JSONSchemaProps
    alias JSONSchemaProps: object
    type CustomResourceSubresources
      scale: CustomResourceSubresourceScale
      status: CustomResourceSubresourceStatus
    type CustomResourceSubresourceScale
      labelSelectorPath: string
      specReplicasPath!: string
      statusReplicasPath!: string
    alias CustomResourceSubresourceStatus: object
    type CustomResourceDefinitionStatus
      acceptedNames: CustomResourceDefinitionNames
      conditions: [CustomResourceDefinitionCondition] map=type
      storedVersions: [string] atomic
    type CustomResourceDefinitionCondition
      lastTransitionTime: Time
      message: string
      reason: string
      status!: string
      type!: string
    """
}
