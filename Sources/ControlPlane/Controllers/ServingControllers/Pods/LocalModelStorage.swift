internal import Crypto

/// Where nodes keep their copies of models.
enum LocalModelStorage {
  /// The folder of a model below `models/` of a claim: models with one address share it.
  static func key(of sourceURI: String) -> String { String(SHA256.hexadecimal(sourceURI).prefix(16)) }
}
