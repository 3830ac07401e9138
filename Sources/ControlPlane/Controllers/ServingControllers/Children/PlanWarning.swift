/// Something that was asked for and that the cluster cannot do: told by an event, once for each form of the
/// service.
struct PlanWarning: Sendable, Hashable {
  /// Of the event.
  var reason: String
  var message: String
}
