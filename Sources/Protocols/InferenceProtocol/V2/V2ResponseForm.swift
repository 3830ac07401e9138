public import Formats

/// How an answer is written where servers of the protocol differ: upstream's own form by default.
public struct V2ResponseForm: Sendable {
  /// What stands for parameters that are not there.
  public enum Absence: Sendable { case null, omitted, emptyObject }

  /// `model_version`; nil is shown as `absentVersion` says.
  public var modelVersion: String?
  public var absentVersion: Absence
  /// `parameters` of the answer.
  public var parameters: JSONValue?
  public var absentParameters: Absence
  /// `parameters` of each output by its position; none where there are fewer.
  public var outputParameters: [JSONValue?]
  public var absentOutputParameters: Absence

  public init(
    modelVersion: String? = nil, absentVersion: Absence = .null, parameters: JSONValue? = nil,
    absentParameters: Absence = .null, outputParameters: [JSONValue?] = [],
    absentOutputParameters: Absence = .null
  ) {
    self.modelVersion = modelVersion
    self.absentVersion = absentVersion
    self.parameters = parameters
    self.absentParameters = absentParameters
    self.outputParameters = outputParameters
    self.absentOutputParameters = absentOutputParameters
  }
}
