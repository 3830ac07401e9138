internal import Formats
internal import KubeProtocol

/// Gateway API kinds: their CRDs' defaults are in the schemas; these fill what needs a look at other fields.
enum GatewayStrategies {
  static let generationOnly = ResourceStrategy(hasGeneration: true)

  static let gateway = ResourceStrategy(hasGeneration: true)

  static let httpRoute = ResourceStrategy(
    hasGeneration: true,
    applyDefaults: { route in
      PodDefaults.change(&route.json, "spec") { spec in
        if spec["rules"] == nil { spec["rules"] = [[:]] }
        PodDefaults.changeElements(of: &spec, "rules") { rule in
          if rule["matches"] == nil { rule["matches"] = [["path": ["type": "PathPrefix", "value": "/"]]] }
          PodDefaults.changeElements(of: &rule, "matches") { match in
            PodDefaults.setDefault(&match, "path", ["type": "PathPrefix", "value": "/"])
          }
        }
      }
    })
}
