public import Formats

/// One entry of `spec.canary`: a further predictor that gets a share of the traffic.
public struct CanarySpec: Sendable, Hashable {
  public var json: JSONValue

  public init(json: JSONValue) { self.json = json }

  /// What differs from the stable predictor; its name is required.
  public var predictor: PredictorSpec { PredictorSpec(json: json["predictor"] ?? [:]) }
  public var name: String { predictor.name ?? "" }
  /// 0–100.
  public var trafficPercent: Int64 { json["trafficPercent"]?.int ?? 0 }
}
