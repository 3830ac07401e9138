/// Who decides how many pods a component has.
public enum ScalingPolicy: Sendable, Hashable {
  /// Nobody: the number stands in the spec (`autoscalerClass: none`, canaries, several nodes).
  case none
  /// Somebody outside, who writes the Deployment's scale.
  case external
  /// A HorizontalPodAutoscaler.
  case hpa
  /// A KEDA ScaledObject.
  case keda
  /// The requests that the gateways see.
  case requests(RequestScaling)

  /// The policy of a component in force.
  /// - Parameters:
  ///   - service: its annotations count where the component has none of its own; defaults are applied.
  ///   - mode: how the service is deployed.
  public static func of(
    _ component: ComponentSpec, of service: InferenceService, mode: DeploymentMode
  ) -> ScalingPolicy {
    if mode == .modelMesh { return .none }
    switch service.autoscalerClass {
    case "none": return .none
    case "external": return .external
    case "keda": return .keda
    case "hpa": return .hpa
    default: break
    }
    let annotations = ScalingAnnotations(service.annotations.merging(component.annotations) { $1 })
    return isDrivenByRequests(component, annotations, mode)
      ? .requests(RequestScaling(component, annotations: annotations)) : .hpa
  }

  /// In Knative's mode requests are the default. In Standard mode they must be asked for: by metric, by a
  /// target in Knative's words, or by letting the component go to sleep, which nothing else can wake.
  private static func isDrivenByRequests(
    _ component: ComponentSpec, _ annotations: ScalingAnnotations, _ mode: DeploymentMode
  ) -> Bool {
    switch component.scaleMetric {
    case .concurrency, .rps: return true
    case .cpu, .memory: return false
    case nil: break
    }
    if component.autoScaling?.metrics.isEmpty == false { return false }
    switch annotations.className {
    case .hpa: return false
    case .kpa: return true
    case nil: break
    }
    if annotations.asksForRequests || component.minReplicas == 0 { return true }
    return mode == .knative
  }

  /// What a new Deployment is made with.
  public func initialReplicas(_ component: ComponentSpec) -> Int64 {
    switch self {
    case .none: max(0, component.minReplicas ?? 1)
    case .external, .hpa, .keda: max(1, component.minReplicas ?? 1)
    case .requests(let scaling): Int64(scaling.initialReplicas)
    }
  }

  /// Whether the number of an existing Deployment belongs to somebody who follows load: whoever reconciles
  /// the component then leaves `spec.replicas` alone.
  public var followsRequests: Bool {
    if case .requests = self { return true }
    return false
  }

  /// For the component's Service: what gateways must know of its pods. Complete in each case, so that a
  /// change of policy leaves nothing behind.
  public func serviceAnnotations(_ component: ComponentSpec) -> [String: String] {
    [
      GatewayAnnotation.scaledBy: name,
      GatewayAnnotation.containerConcurrency: String(max(0, component.containerConcurrency ?? 0)),
    ]
  }

  /// As it stands in the annotation.
  public var name: String {
    switch self {
    case .none: "none"
    case .external: "external"
    case .hpa: "hpa"
    case .keda: "keda"
    case .requests: GatewayAnnotation.requests
    }
  }
}

/// Annotations of a Service that gateways read.
public enum GatewayAnnotation {
  /// `requests`: a request for a Service without ready endpoints waits for one, and its load is reported.
  public static let scaledBy = "apus.dev/scaled-by"
  public static let requests = "requests"
  /// `gateway`: whoever asks the Service by its name is to reach the gateway, whose routes split the
  /// requests. Set only while the gateway knows the Service's names inside the cluster.
  public static let reachedBy = "apus.dev/reached-by"
  public static let gateway = "gateway"
  /// Most requests that one endpoint is given at a time; `0` for no bound.
  public static let containerConcurrency = "apus.dev/container-concurrency"
}
