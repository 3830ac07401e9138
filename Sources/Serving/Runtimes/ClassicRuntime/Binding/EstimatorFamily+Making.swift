extension EstimatorFamily {
  /// Classes of one kind that one function binds.
  init(_ modules: [String], _ names: [String], parts: [String] = [], bind: @escaping Bind) {
    var binds: [String: Bind] = [:]
    for name in names { binds[name] = bind }
    self.init(modules, binds, parts: parts)
  }

  /// Classes and functions that appear inside estimators and are read as data.
  init(_ modules: [String], parts: [String]) {
    self.init(modules, [:], parts: parts)
  }
}
