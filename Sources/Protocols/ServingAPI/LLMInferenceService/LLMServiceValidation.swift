internal import Formats
public import KubeProtocol

/// What admission refuses about LLMInferenceService and LLMInferenceServiceConfig, in upstream's words; pure.
///
/// Not checked: rules that need other objects (routes and gateways that are referred to).
public struct LLMServiceValidation {
  private let object: KubeObject
  private var causes: [KubeError.Cause] = []

  /// - Parameter old: the stored object, on update.
  public static func causes(_ object: KubeObject, old: KubeObject? = nil) -> [KubeError.Cause] {
    if object.isBeingDeleted { return [] }
    var validation = LLMServiceValidation(object: object)
    let spec = object.spec ?? [:]
    if object.kind == KubeResource.llmInferenceServiceConfigs.kind {
      if spec["baseRefs"]?.array?.isEmpty == false {
        validation.causes.append(
          .forbidden(
            "spec.baseRefs",
            "baseRefs is not a supported field in LLMInferenceServiceConfig, support for recursive refs has "
              + "been disabled"))
      }
      validation.checkScheduler(spec, isConfig: true)
      return validation.causes
    }
    validation.checkRouter(spec)
    validation.checkScheduler(spec, isConfig: false)
    validation.checkAdapters(spec)
    validation.checkConfidential(spec)
    validation.causes += LLMServiceResources.deviceCauses(object)
    validation.causes += LLMServiceResources.cacheCauses(spec, at: "spec")
    validation.checkWorkload(spec, "spec", name: "decode")
    if let prefill = spec.member("prefill") {
      validation.checkWorkload(prefill, "spec.prefill", name: "prefill")
      validation.checkScalingAgrees(spec, prefill)
      validation.causes += LLMServiceResources.cacheCauses(prefill, at: "spec.prefill")
    }
    if let old { validation.checkParallelismStays(old.spec ?? [:], spec) }
    return validation.causes
  }

  private init(object: KubeObject) { self.object = object }

  private mutating func add(_ field: String, _ message: String) {
    causes.append(.init(reason: "FieldValueInvalid", message: message, field: field))
  }

  // MARK: router

  private mutating func checkRouter(_ spec: JSONValue) {
    guard let router = spec.member("router") else { return }
    let route = router.member("route")
    let http = route?.member("http")
    let hasReferences = http?["refs"]?.array?.isEmpty == false
    if hasReferences && http?.member("spec") != nil {
      add(
        "spec.router.route.http",
        "unsupported configuration: cannot use both custom HTTPRoute refs ('spec.router.route.http.refs') "
          + "and an inline route spec ('spec.router.route.http.spec'); use one of them")
    }
    let gateway = router.member("gateway")
    checkParents(http?.at("spec", "parentRefs"), gateway?["refs"])
    if hasReferences, let gateway, gateway["refs"]?.array?.isEmpty ?? true {
      add(
        "spec.router.route.http.refs",
        "unsupported configuration: custom HTTP routes ('spec.router.route.http.refs') cannot be used with a "
          + "managed gateway ('spec.router.gateway'); either remove 'spec.router.gateway' or set "
          + "'spec.router.route.http.spec'")
    }
    checkTraffic(router, route, hasReferences: hasReferences)
  }

  /// The same gateways twice are only worth a warning.
  private mutating func checkParents(_ parents: JSONValue?, _ references: JSONValue?) {
    func names(_ list: JSONValue?) -> Set<String> {
      Set(
        (list?.array ?? []).map {
          "\($0["namespace"]?.string ?? object.namespace)/\($0["name"]?.string ?? "")"
        })
    }
    let (given, managed) = (names(parents), names(references))
    guard !given.isEmpty, !managed.isEmpty, given != managed else { return }
    add(
      "spec.router.route.http.spec.parentRefs",
      "unsupported configuration: 'spec.router.route.http.spec.parentRefs' names other gateways than "
        + "'spec.router.gateway.refs'; leave one of them out")
  }

  private mutating func checkTraffic(_ router: JSONValue, _ route: JSONValue?, hasReferences: Bool) {
    let group = route?.nonEmptyText("group")
    let hasWeight = route?["weight"]?.int != nil
    guard group != nil || hasWeight else { return }
    if router.member("ingress") != nil {
      return add(
        "spec.router.route.group",
        "traffic splitting requires Gateway API routing; the controller manages HTTPRoutes, not Ingress "
          + "resources")
    }
    if group == nil { causes.append(.required("spec.router.route.group", "weight requires group")) }
    if !hasWeight { causes.append(.required("spec.router.route.weight", "group requires weight")) }
    if let group, hasReferences {
      causes.append(
        .invalid(
          "spec.router.route.group", group,
          "traffic splitting cannot be used with custom HTTPRoute refs; controller-managed routes "
            + "(route.http.spec or route.http: {}) are required"))
    }
  }

  private mutating func checkScheduler(_ spec: JSONValue, isConfig: Bool) {
    guard let scheduler = spec["router"]?.member("scheduler") else { return }
    let path = "spec.router.scheduler"
    if let replicas = scheduler["replicas"]?.int, replicas <= 0 {
      causes.append(
        .invalid("\(path).replicas", replicas, "scheduler replicas must be greater than zero"))
    }
    guard !isConfig, let configuration = scheduler.member("config") else { return }
    let inline = configuration.member("inline")
    let reference = configuration.member("ref")
    if inline == nil && reference == nil { add("\(path).config", "either inline or ref is required") }
    if inline != nil && reference != nil {
      add("\(path).config", "both inline and ref are set, either specify inline or ref")
    }
    if let inline, inline.encodedText.utf8.count < 3 {
      add("\(path).config.inline", "inline configuration is invalid")
    }
    if let reference, reference.nonEmptyText("name") == nil {
      add("\(path).config.ref.name", "name is empty")
    }
  }

  // MARK: model

  private mutating func checkAdapters(_ spec: JSONValue) {
    guard let lora = spec["model"]?.member("lora") else { return }
    let base = spec["model"]?.nonEmptyText("name") ?? object.name
    var positions: [String: Int] = [:]
    for (index, adapter) in (lora["adapters"]?.array ?? []).enumerated() {
      let field = "spec.model.lora.adapters[\(index)].name"
      guard let name = adapter.nonEmptyText("name") else {
        causes.append(.required(field, "adapter name is required"))
        continue
      }
      if name == "." || name == ".." || name.split(separator: "/").contains("..") {
        causes.append(
          .invalid(field, name, "adapter name must not include \".\" or \"..\" (path traversal risk)"))
      }
      if let first = positions[name] {
        causes.append(.invalid(field, name, "duplicate name (same as adapters[\(first)])"))
      } else {
        positions[name] = index
      }
      if name == base {
        causes.append(
          .invalid(
            field, name, "adapter name must differ from base model name \(KubeError.Cause.quoted(base))"))
      }
    }
  }

  private mutating func checkConfidential(_ spec: JSONValue) {
    guard let model = spec.member("model"), let confidential = model.member("confidential") else { return }
    let parsed = ConfidentialSpec(json: confidential)
    guard parsed.isEnabled, let identifier = parsed.resourceID else { return }
    if !ConfidentialSpec.isResourceID(identifier) {
      causes.append(
        .invalid(
          "spec.model.confidential.resourceId", identifier,
          "must be in the format kbs:///<repo>/<type>/<tag>"))
    }
  }

  // MARK: workload

  private mutating func checkWorkload(_ workload: JSONValue, _ path: String, name: String) {
    let parallelism = workload.member("parallelism")
    let pipeline = parallelism?["pipeline"]?.int
    let data = parallelism?["data"]?.int
    let dataLocal = parallelism?["dataLocal"]?.int
    let hasData = data != nil || dataLocal != nil
    if workload.member("worker") != nil && pipeline == nil && !hasData {
      add(
        "\(path).worker",
        "when worker is specified, parallelism must be configured for either data parallelism or pipeline "
          + "parallelism")
    }
    if pipeline != nil && hasData {
      add(
        "\(path).parallelism",
        "cannot set both pipeline parallelism and data parallelism (data or dataLocal) simultaneously")
    }
    if hasData && dataLocal == nil {
      add("\(path).parallelism.dataLocal", "dataLocal must be set when data is set")
    }
    if hasData && data == nil {
      add("\(path).parallelism.data", "data must be set when dataLocal is set")
    }
    for (field, title, value) in [
      ("pipeline", "pipeline", pipeline), ("data", "data", data), ("dataLocal", "dataLocal", dataLocal),
    ] {
      if let value, value <= 0 {
        causes.append(
          .invalid(
            "\(path).parallelism.\(field)", value, "\(title) parallelism must be greater than 0"))
      }
    }
    checkScaling(workload, path)
    checkRollout(workload, path)
  }

  /// How many parts a model is split into, over all nodes; it decides addresses that cannot change.
  private static func size(_ workload: JSONValue) -> Int64 {
    let parallelism = workload.member("parallelism")
    if let pipeline = parallelism?["pipeline"]?.int { return pipeline }
    if let data = parallelism?["data"]?.int, let local = parallelism?["dataLocal"]?.int, local > 0 {
      return max(1, data / local)
    }
    return 1
  }

  private mutating func checkParallelismStays(_ old: JSONValue, _ new: JSONValue) {
    var pairs = [("spec", old, new)]
    if let before = old.member("prefill"), let after = new.member("prefill") {
      pairs.append(("spec.prefill", before, after))
    }
    for (path, before, after) in pairs
    where before.member("parallelism") != nil && after.member("parallelism") != nil {
      let (was, now) = (Self.size(before), Self.size(after))
      if was != now {
        causes.append(
          .invalid(
            "\(path).parallelism", now,
            "total parallelism size is immutable, previous size \(was), curr size \(now)"))
      }
    }
  }

  private mutating func checkRollout(_ workload: JSONValue, _ path: String) {
    guard let rollout = workload.member("rolloutStrategy") else { return }
    let field = "\(path).rolloutStrategy"
    func isZero(_ name: String) -> Bool {
      rollout[name]?.int == 0 || rollout[name]?.string == "0%" || rollout[name]?.string == "0"
    }
    for name in ["maxUnavailable", "maxSurge"] {
      if let number = rollout[name]?.int, number < 0 {
        causes.append(.invalid("\(field).\(name)", number, "must be greater than or equal to 0"))
      } else if let text = rollout[name]?.string {
        guard text.hasSuffix("%"), let percent = UInt32(text.dropLast()) else {
          causes.append(
            .invalid("\(field).\(name)", text, "a valid percent string must be a number followed by '%'"))
          continue
        }
        if percent > 100 {
          causes.append(.invalid("\(field).\(name)", text, "must not be greater than 100%"))
        }
      }
    }
    if isZero("maxUnavailable") && isZero("maxSurge") {
      add(
        field,
        "maxUnavailable and maxSurge cannot both be zero; this would prevent any rolling update progress")
    } else if workload.member("worker") != nil && isZero("maxUnavailable") && rollout["maxSurge"] == nil {
      causes.append(
        .required(
          "\(field).maxSurge",
          "maxSurge is required for multi-node workloads when maxUnavailable is 0, otherwise no rolling "
            + "update progress is possible"))
    }
  }
}

// MARK: scaling

extension LLMServiceValidation {
  private mutating func checkScaling(_ workload: JSONValue, _ path: String) {
    guard let scaling = workload.member("scaling") else { return }
    let field = "\(path).scaling"
    if workload["replicas"]?.int != nil {
      add(
        field,
        "scaling and replicas are mutually exclusive; use scaling for autoscaled deployments or replicas for "
          + "static deployments")
    }
    let minimum = scaling["minReplicas"]?.int
    if let minimum, let maximum = scaling["maxReplicas"]?.int, minimum > maximum {
      add("\(field).minReplicas", "minReplicas (\(minimum)) cannot exceed maxReplicas (\(maximum))")
    }
    let variant = scaling.member("wva")
    let keda = scaling.member("keda")
    if variant != nil && keda != nil {
      add(field, "wva and keda are mutually exclusive; choose one scaling mechanism")
    }
    if variant == nil && keda == nil {
      causes.append(.required(field, "either wva or keda must be specified when scaling is configured"))
    }
    if let variant {
      if variant.member("hpa") != nil && variant.member("keda") != nil {
        add("\(field).wva", "hpa and keda are mutually exclusive; choose one actuator backend")
      }
      if variant.member("hpa") == nil && variant.member("keda") == nil {
        causes.append(
          .required("\(field).wva", "either hpa or keda must be specified as the actuator backend"))
      }
      if let inner = variant.member("keda") {
        checkKEDA(inner, "\(field).wva.keda", field, minimum, ownsFormula: true)
      }
    }
    if let keda {
      if keda["triggers"]?.array?.isEmpty ?? true {
        causes.append(
          .required(
            "\(field).keda.triggers", "at least one trigger is required when using direct KEDA scaling"))
      }
      checkKEDA(keda, "\(field).keda", field, minimum, ownsFormula: false)
    }
  }

  private mutating func checkKEDA(
    _ keda: JSONValue, _ path: String, _ scaling: String, _ minimum: Int64?, ownsFormula: Bool
  ) {
    let advanced = keda.member("advanced")
    if ownsFormula && advanced?.member("scalingModifiers") != nil {
      causes.append(
        .forbidden(
          "\(path).advanced.scalingModifiers",
          "scalingModifiers must not be set; WVA controls the scaling metric formula and logic"))
    }
    if advanced?.member("horizontalPodAutoscalerConfig")?.nonEmptyText("name") != nil {
      causes.append(
        .forbidden(
          "\(path).advanced.horizontalPodAutoscalerConfig.name",
          "horizontalPodAutoscalerConfig.name must not be set; the controller manages the HPA name"))
    }
    guard let idle = keda["idleReplicaCount"]?.int else { return }
    guard let minimum else {
      causes.append(
        .required(
          "\(scaling).minReplicas",
          "minReplicas is required when idleReplicaCount is set; idleReplicaCount (\(idle)) must be less "
            + "than minReplicas"))
      return
    }
    if idle >= minimum {
      causes.append(
        .invalid(
          "\(path).idleReplicaCount", idle,
          "idleReplicaCount (\(idle)) must be less than minReplicas (\(minimum))"))
    }
  }

  /// Decode and prefill scale by the same mechanism.
  private mutating func checkScalingAgrees(_ decode: JSONValue, _ prefill: JSONValue) {
    guard let first = decode.member("scaling"), let second = prefill.member("scaling") else { return }
    func mechanism(_ scaling: JSONValue) -> String { scaling.member("wva") != nil ? "wva" : "keda" }
    func actuator(_ scaling: JSONValue) -> String {
      scaling.member("wva")?.member("hpa") != nil ? "hpa" : "keda"
    }
    if mechanism(first) != mechanism(second) {
      add(
        "spec.prefill.scaling",
        "prefill scaling mode (\(mechanism(second))) must match decode scaling mode (\(mechanism(first)))")
    } else if mechanism(first) == "wva" && actuator(first) != actuator(second) {
      add(
        "spec.prefill.scaling.wva",
        "prefill WVA actuator (\(actuator(second))) must match decode WVA actuator (\(actuator(first)))")
    }
  }
}
