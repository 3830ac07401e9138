internal import Basics
internal import ControllerKit
internal import Formats
internal import KubeProtocol

/// What the controller reads from a Job.
struct JobSpec {
  let job: KubeObject

  init(_ job: KubeObject) { self.job = job }

  static let indexAnnotation = "batch.kubernetes.io/job-completion-index"
  private static let indexVariable = "JOB_COMPLETION_INDEX"

  private func count(_ key: String) -> Int? {
    job.spec?[key]?.int.map { Int(Int32(clamping: max(0, $0))) }
  }

  /// Nil: the first pod that succeeds says that the work is done.
  var completions: Int? { count("completions") }
  var parallelism: Int { count("parallelism") ?? 1 }
  var backoffLimit: Int { count("backoffLimit") ?? 6 }
  var isSuspended: Bool { job.spec?["suspend"]?.bool == true }
  var isIndexed: Bool { job.spec?["completionMode"] == "Indexed" }
  var restartsContainers: Bool {
    job.spec?.at("template", "spec", "restartPolicy") == "OnFailure"
  }
  var deadline: Duration? { job.spec?["activeDeadlineSeconds"]?.int.map { .seconds(max(0, $0)) } }
  var lifeAfterEnd: Duration? { job.spec?["ttlSecondsAfterFinished"]?.int.map { .seconds(max(0, $0)) } }

  // MARK: status

  var succeeded: Int { Int(clamping: job.status?["succeeded"]?.int ?? 0) }
  var failed: Int { Int(clamping: job.status?["failed"]?.int ?? 0) }
  var startedAt: Timestamp? { job.status?["startTime"]?.string.flatMap(Timestamp.init(rfc3339:)) }

  /// When it was complete or had failed; nil while it goes on.
  var endedAt: Timestamp? {
    for type in ["Complete", "Failed"] where Conditions.isTrue(job.status?["conditions"], type) {
      return Conditions.lastTransition(job.status?["conditions"], type) ?? Timestamp(seconds: 0)
    }
    return nil
  }

  // MARK: pods

  /// - Parameter index: of a job that counts its completions.
  func makePod(index: Int?) -> KubeObject {
    let prefix = index.map { "\(job.name)-\($0)-" } ?? "\(job.name)-"
    var pod = PodTemplate.makePod(job.spec?["template"] ?? [:], owner: job, prefix: prefix)
    guard let index else { return pod }
    pod.labels[Self.indexAnnotation] = String(index)
    pod.annotations[Self.indexAnnotation] = String(index)
    if pod.spec?["hostname"] == nil {
      pod.json.set(.string("\(job.name)-\(index)"), at: "spec", "hostname")
    }
    for list in ["initContainers", "containers"] {
      guard let containers = pod.spec?[list]?.array else { continue }
      let told = containers.map { container -> JSONValue in
        var container = container
        let variable: JSONValue = ["name": .string(Self.indexVariable), "value": .string(String(index))]
        container["env"] = .array((container["env"]?.array ?? []) + [variable])
        return container
      }
      pod.json.set(.array(told), at: "spec", list)
    }
    return pod
  }

  static func index(of pod: KubeObject) -> Int? { pod.annotations[indexAnnotation].flatMap { Int($0) } }
}
