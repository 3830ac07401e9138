/// How one model is loaded and served: from the server's flags, and from its settings file where it has one.
public struct ModelSettings: Sendable, Hashable {
  /// Joining requests; nil for one at a time.
  public var batching: BatchSettings?
  /// Predictions at a time, by workers only; nil for as many as there are threads.
  public var concurrency: Int?
  /// Calls that may wait; nil for the server's own bound.
  public var queueCapacity: Int?
  /// Whether answers may come from the response cache, where the server has one.
  public var cachesResponses = true
  /// `sklearn`, `xgboost`, …; nil to look at the content.
  public var framework: String?
  /// Settings that only the runtime knows.
  public var runtime: [String: String] = [:]

  public init() {}
}

/// When requests for a model are computed together. A model that is idle computes at once; requests that come
/// while it is busy wait for company until there are `maximumRows` rows, or one has waited for
/// `maximumDelay`.
public struct BatchSettings: Sendable, Hashable {
  public var maximumRows: Int
  public var maximumDelay: Duration
  /// Whether answers carry upstream's `batchId` and `message`.
  public var showsBatchID: Bool

  /// The defaults are those of upstream's batcher.
  public init(maximumRows: Int = 32, maximumDelay: Duration = .seconds(5), showsBatchID: Bool = true) {
    self.maximumRows = max(1, maximumRows)
    self.maximumDelay = max(.zero, maximumDelay)
    self.showsBatchID = showsBatchID
  }
}
