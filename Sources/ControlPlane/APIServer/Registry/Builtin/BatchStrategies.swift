internal import Formats
internal import KubeProtocol

/// Jobs and CronJobs.
enum BatchStrategies {
  static let job = ResourceStrategy(
    hasGeneration: true, fieldLabels: ["status.successful": ["status", "succeeded"]],
    applyDefaults: { job in PodDefaults.change(&job.json, "spec", applyDefaults(toJob:)) },
    prepareForCreate: { job, _ in setSelector(&job) },
    validate: { job, old in
      var causes = jobCauses(job.spec ?? [:], at: "spec")
      guard let before = old?.spec else { return causes }
      for field in ["selector", "template", "completions", "completionMode"]
      where job.spec?[field] != before[field] {
        causes.append(
          .invalid("spec.\(field)", job.spec?[field]?.encodedText ?? "null", "field is immutable"))
      }
      return causes
    })

  static let cronJob = ResourceStrategy(
    hasGeneration: true,
    applyDefaults: { cronJob in
      PodDefaults.change(&cronJob.json, "spec") { spec in
        PodDefaults.setDefault(&spec, "concurrencyPolicy", "Allow")
        PodDefaults.setDefault(&spec, "suspend", false)
        PodDefaults.setDefault(&spec, "successfulJobsHistoryLimit", 3)
        PodDefaults.setDefault(&spec, "failedJobsHistoryLimit", 1)
        PodDefaults.change(&spec, "jobTemplate") { template in
          PodDefaults.change(&template, "spec") { AppsStrategies.defaultTemplate(&$0) }
        }
      }
    },
    validate: { cronJob, _ in
      let spec = cronJob.spec ?? [:]
      var causes = PodValidation.supported(
        spec, "concurrencyPolicy", ["Allow", "Forbid", "Replace"], at: "spec")
      let schedule = spec["schedule"]?.string ?? ""
      if schedule.isEmpty {
        causes.append(.required("spec.schedule"))
      } else if !isSchedule(schedule) {
        causes.append(
          .invalid(
            "spec.schedule", schedule,
            "expected exactly 5 fields, found \(schedule.split(separator: " ").count): [\(schedule)]"))
      }
      return causes + jobCauses(spec.at("jobTemplate", "spec") ?? [:], at: "spec.jobTemplate.spec")
    })

  private static func applyDefaults(toJob spec: inout JSONValue) {
    if spec["completions"] == nil && spec["parallelism"] == nil { spec["completions"] = 1 }
    PodDefaults.setDefault(&spec, "parallelism", 1)
    PodDefaults.setDefault(&spec, "backoffLimit", 6)
    PodDefaults.setDefault(&spec, "completionMode", "NonIndexed")
    PodDefaults.setDefault(&spec, "suspend", false)
    PodDefaults.setDefault(
      &spec, "podReplacementPolicy", spec["podFailurePolicy"] == nil ? "TerminatingOrFailed" : "Failed")
    AppsStrategies.defaultTemplate(&spec)
  }

  /// A Job selects its pods by its own uid, unless its author says otherwise.
  private static func setSelector(_ job: inout KubeObject) {
    guard job.spec?["manualSelector"]?.bool != true, var spec = job.spec else { return }
    let uid = job.uid
    spec["selector"] = ["matchLabels": ["batch.kubernetes.io/controller-uid": .string(uid)]]
    for (label, value) in [
      ("batch.kubernetes.io/controller-uid", uid), ("batch.kubernetes.io/job-name", job.name),
      ("controller-uid", uid), ("job-name", job.name),
    ] {
      spec.set(.string(value), at: "template", "metadata", "labels", label)
    }
    job.spec = spec
  }

  private static func jobCauses(_ spec: JSONValue, at path: String) -> [KubeError.Cause] {
    var causes: [KubeError.Cause] = []
    for field in [
      "parallelism", "completions", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished",
    ] {
      if let number = spec[field]?.int, number < 0 {
        causes.append(.invalid("\(path).\(field)", number, "must be greater than or equal to 0"))
      }
    }
    let policy = spec.at("template", "spec", "restartPolicy")?.string ?? ""
    if !["OnFailure", "Never"].contains(policy) {
      causes.append(
        .notSupported("\(path).template.spec.restartPolicy", policy, ["OnFailure", "Never"]))
    }
    causes += PodValidation.supported(spec, "completionMode", ["NonIndexed", "Indexed"], at: path)
    if spec["completionMode"] == "Indexed", spec["completions"] == nil {
      causes.append(
        .required("\(path).completions", "when completion mode is Indexed"))
    }
    return causes + PodValidation.templateCauses(spec["template"] ?? [:], at: "\(path).template")
  }

  private static func isSchedule(_ text: String) -> Bool {
    if text.hasPrefix("@") {
      return text.hasPrefix("@every ")
        || ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"].contains(text)
    }
    let fields = text.split(separator: " ")
    return fields.count == 5
      && fields.allSatisfy {
        $0.utf8.allSatisfy {
          "0123456789*/,-?LW#ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8.contains($0)
        }
      }
  }
}
