internal import Basics
internal import ControllerKit
internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import ServingAPI

/// Keeps the list of models of each multi-model service, and the status of its TrainedModels. Keyed by the
/// service: one run sees all of its models, so that memory is given out once.
struct TrainedModelReconciler: Reconciler {
  static let finalizer = "trainedmodel.finalizer"
  /// On services that have models: these go first. (Upstream puts it on every service.)
  static let serviceFinalizer = "inferenceservice.finalizers"

  let client: KubeClient
  let caches: TrainedModelCaches
  let events: EventRecorder
  let clock: any WallClock
  let writer: ObjectWriter

  func reconcile(_ key: ObjectKey) async throws -> ReconcileResult {
    let models = caches.models(of: key)
    guard let stored = caches.services.get(key), !stored.isBeingDeleted else {
      for model in models { try await parentIsGone(model) }
      if let going = caches.services.get(key), !models.contains(where: Self.hasHadParent) {
        try await removeFinalizer(Self.serviceFinalizer, of: going, .inferenceServices)
      }
      return .done
    }
    let parent = TrainedModelParent(
      service: InferenceService(stored), memoryLimit: caches.memoryLimit(of: InferenceService(stored)),
      formats: caches.formats(of: InferenceService(stored)))
    guard parent.isMultiModel || !models.isEmpty else { return .done }
    let plan = TrainedModelPlan(parent: parent, models: models)
    if parent.isMultiModel, !models.isEmpty, !stored.finalizers.contains(Self.serviceFinalizer) {
      var held = stored
      held.finalizers += [Self.serviceFinalizer]
      _ = try await client.update(.inferenceServices, held)
    }
    for entry in plan.entries where !entry.model.isBeingDeleted { try await label(entry, parent) }
    try await writeList(plan, stored)
    for entry in plan.entries {
      if entry.model.isBeingDeleted {
        try await removeFinalizer(Self.finalizer, of: entry.model, .trainedModels)
      } else {
        try await writeStatus(entry, parent)
      }
    }
    return .done
  }

  // MARK: the list

  private func writeList(_ plan: TrainedModelPlan, _ service: KubeObject) async throws {
    let name = ModelList.configMapName(service: service.name)
    var desired = KubeObject(.configMaps, namespace: service.namespace, name: name)
    desired.ownerReferences = [OwnerReference(controller: service)]
    desired["data"] = [ModelList.fileName: .string(ModelList.encode(plan.listed))]
    guard plan.parent.isMultiModel || caches.configMaps.get(desired.key) != nil else { return }
    try await writer.apply(.configMaps, desired: desired, existing: caches.configMaps.get(desired.key))
  }

  // MARK: one model

  /// Upstream deletes a model as soon as its parent is missing. Here only one that has had its parent goes: a
  /// file may name the model before the service.
  private func parentIsGone(_ model: KubeObject) async throws {
    if model.isBeingDeleted {
      return try await removeFinalizer(Self.finalizer, of: model, .trainedModels)
    }
    if Self.hasHadParent(model) {
      try await writer.delete(.trainedModels, model)
      return
    }
    let missing = Condition(
      TrainedModelPlan.serviceReady, .no, reason: "InferenceServiceNotFound",
      message: "there is no InferenceService \"\(TrainedModel(model).inferenceService)\" in the namespace "
        + "\"\(model.namespace)\"; create it, or correct spec.inferenceService")
    try await write(model, [missing], url: nil, address: nil)
  }

  private static func hasHadParent(_ model: KubeObject) -> Bool {
    model.labels[TrainedModelParent.parentLabel] != nil
  }

  /// Parent and finalizer, and the mark that its memory is given to it.
  private func label(_ entry: TrainedModelPlan.Entry, _ parent: TrainedModelParent) async throws {
    var updated = entry.model
    var labels = updated.labels
    labels[TrainedModelParent.parentLabel] = parent.service.name
    if entry.isAllocated { labels[TrainedModelParent.allocatedLabel] = parent.service.name }
    if labels != updated.labels { updated.labels = labels }
    if !updated.finalizers.contains(Self.finalizer) { updated.finalizers += [Self.finalizer] }
    if updated != entry.model { _ = try await client.update(.trainedModels, updated) }
  }

  private func removeFinalizer(
    _ finalizer: String, of object: KubeObject, _ resource: KubeResource
  ) async throws {
    guard object.finalizers.contains(finalizer) else { return }
    var updated = object
    updated.finalizers.removeAll { $0 == finalizer }
    do {
      _ = try await client.update(resource, updated)
    } catch let error as KubeError where error.reason == .notFound {
      return
    }
  }

  private func writeStatus(_ entry: TrainedModelPlan.Entry, _ parent: TrainedModelParent) async throws {
    let path = parent.predictPath(entry.model.name)
    try await write(
      entry.model, entry.conditions, url: parent.url.map { $0 + path },
      address: parent.address.map { $0 + path })
  }

  private func write(
    _ model: KubeObject, _ conditions: [Condition], url: String?, address: String?
  ) async throws {
    var updated = model
    var status = model.status ?? [:]
    status["observedGeneration"] = .int(model.generation)
    status["url"] = url.map { .string($0) }
    status["address"] = address.map { ["url": .string($0)] }
    var list = status["conditions"]
    for condition in conditions + [TrainedModelPlan.ready(conditions)] {
      list = Conditions.setting(condition, in: list, now: clock.now(), style: .knative)
    }
    status["conditions"] = list
    if let old = model.status, StableHash.canonical(old) == StableHash.canonical(status) { return }
    updated.status = status
    do {
      _ = try await client.updateStatus(.trainedModels, updated)
    } catch let error as KubeError where error.reason == .notFound {
      return
    } catch let error as KubeError where error.reason != .conflict {
      events.record(
        model, .warning, reason: "UpdateFailed",
        message: "Failed to update status for TrainedModel \"\(model.name)\": \(error.message)")
      throw error
    }
  }
}
