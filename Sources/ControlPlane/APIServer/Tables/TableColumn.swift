public import Basics
public import Formats
public import KubeProtocol

/// One column of a `Table`: what `kubectl get` prints.
public struct TableColumn: Sendable {
  /// Makes the cell from the object at a moment (for ages).
  public typealias Cell = @Sendable (KubeObject, Timestamp) -> JSONValue

  public var name: String
  /// `string`, `integer`, `number`, `boolean`, `date`.
  public var type: String
  /// `name` for the object's name.
  public var format: String
  public var description: String
  /// 0 always, 1 with `-o wide`.
  public var priority: Int
  public var cell: Cell

  public init(
    _ name: String, type: String = "string", format: String = "", priority: Int = 0, description: String = "",
    cell: @escaping Cell
  ) {
    self.name = name
    self.type = type
    self.format = format
    self.priority = priority
    self.description = description
    self.cell = cell
  }

  public static let objectName = TableColumn(
    "Name", format: "name", description: "Name must be unique within a namespace."
  ) { object, _ in .string(object.name) }

  public static let age = TableColumn("Age", description: "Time since the object was made.") { object, now in
    .string(AgeText.since(object.creationTimestamp, now))
  }

  var definitionJSON: JSONValue {
    [
      "name": .string(name), "type": .string(type), "format": .string(format),
      "description": .string(description), "priority": .int(priority),
    ]
  }
}
