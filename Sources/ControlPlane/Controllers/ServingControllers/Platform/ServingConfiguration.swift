public import KubeClient
public import KubeProtocol
public import ServingAPI
internal import Synchronization

/// The configuration in force: what the ConfigMap said last that could be decoded.
public final class ServingConfiguration: Sendable {
  private struct State {
    var current: InferenceServiceConfig
    var problem: ConfigurationError?
  }

  private let state: Mutex<State>

  /// - Parameter platform: what holds where the ConfigMap says nothing.
  public init(platform: InferenceServiceConfig.Platform) {
    state = Mutex(State(current: InferenceServiceConfig(platform: platform)))
  }

  /// Follows the ConfigMap that it is decoded from.
  public static func source(_ informers: SharedInformers) -> Informer {
    informers.informer(
      .configMaps, namespace: ServingPlatform.namespace,
      fieldSelector: "metadata.name=\(ServingPlatform.configMap)")
  }

  public var current: InferenceServiceConfig { state.withLock { $0.current } }
  /// Why the ConfigMap as it is now is not in force; nil where it is.
  public var problem: ConfigurationError? { state.withLock { $0.problem } }

  /// Takes the ConfigMap (nil: it is gone, the defaults hold). A faulty one changes nothing.
  /// - Returns: what is wrong with it.
  @discardableResult
  public func update(from configMap: KubeObject?) -> ConfigurationError? {
    let platform = current.platform
    do throws(ConfigurationError) {
      let decoded = try InferenceServiceConfig(
        data: KubeObject.stringMap(configMap?["data"]), platform: platform)
      state.withLock { $0 = State(current: decoded, problem: nil) }
      return nil
    } catch {
      state.withLock { $0.problem = error }
      return error
    }
  }
}
