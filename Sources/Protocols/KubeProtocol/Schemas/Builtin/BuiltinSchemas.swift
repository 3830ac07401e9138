/// The schemas of Kubernetes' own kinds and of the Gateway API, under upstream's definition names.
public enum BuiltinSchemas {
  /// Parsed at the first use.
  public static let catalog: SchemaCatalog = parsed.catalog
  /// Lines of the built-in texts that are malformed: none, as a test makes sure.
  static let problems: [String] = parsed.problems

  public static let objectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
  public static let podSpec = "io.k8s.api.core.v1.PodSpec"
  public static let container = "io.k8s.api.core.v1.Container"

  private static let parsed = SchemaTextParser.catalog([
    metaSchemas, coreSchemas, podSchemas, containerSchemas, volumeSchemas, schedulingSchemas, nodeSchemas,
    appsSchemas, statefulSchemas, batchSchemas, serviceSchemas, storageSchemas, extensionSchemas,
    reviewSchemas,
    accessSchemas, policySchemas, networkingSchemas, autoscalingSchemas, gatewaySchemas, grpcRouteSchemas,
  ])
}
