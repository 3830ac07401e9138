internal import Formats

/// A `meta.k8s.io/v1 Table` as the server made it.
struct Table {
  let columns: [(name: String, priority: Int64)]
  let rows: [(cells: [String], namespace: String)]

  init(columns: [(name: String, priority: Int64)], rows: [(cells: [String], namespace: String)]) {
    self.columns = columns
    self.rows = rows
  }

  /// The table with each row's name led by its type, where several types are shown.
  func named(_ label: String) -> Table {
    Table(
      columns: columns,
      rows: rows.map { row in
        var cells = row.cells
        if !label.isEmpty, let first = cells.first { cells[0] = label + first }
        return (cells, row.namespace)
      })
  }

  init(json: JSONValue) {
    columns = (json["columnDefinitions"]?.array ?? []).map {
      ($0["name"]?.string ?? "", $0["priority"]?.int ?? 0)
    }
    rows = (json["rows"]?.array ?? []).map { row in
      let cells = (row["cells"]?.array ?? []).map { cell in
        switch cell {
        case .string(let text): text
        case .null: ""
        default: cell.encodedText
        }
      }
      return (cells, row.at("object", "metadata", "namespace")?.string ?? "")
    }
  }
}

/// Tables as aligned text, in kubectl's manner.
enum TableText {
  static func render(_ tables: [Table], isWide: Bool, showsNamespace: Bool) -> String {
    guard let columns = tables.first?.columns else { return "" }
    let shown = columns.indices.filter { isWide || columns[$0].priority == 0 }
    var lines = [(showsNamespace ? ["NAMESPACE"] : []) + shown.map { columns[$0].name.uppercased() }]
    for row in tables.flatMap(\.rows) {
      let cells = shown.map { row.cells.indices.contains($0) ? row.cells[$0] : "" }
      lines.append((showsNamespace ? [row.namespace] : []) + cells)
    }
    let widths = lines[0].indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
    return lines.map { line in
      let padded = zip(line, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
      var text = padded.joined(separator: "   ")
      while text.hasSuffix(" ") { text.removeLast() }
      return text + "\n"
    }.joined()
  }
}
