import Names
import Rollouts

/// Body of `POST /v1/services/{service}/variant`: a rollout of one instance to another variant of the version that it has.
public struct VariantChange: Sendable, Hashable {
    /// `debug`; `release` is the main one.
    public var variant: String
    /// Seconds, in the place of the meta-configuration's `upgrade`.
    public var bake: Int?
    public var deadline: Int?
    /// Gateways that are not waited for: they are known to be off.
    public var withoutGateways: [String]

    public init(variant: String, bake: Int? = nil, deadline: Int? = nil, withoutGateways: [String] = []) {
        self.variant = variant
        self.bake = bake
        self.deadline = deadline
        self.withoutGateways = withoutGateways
    }
}

extension VariantChange: Described {
    package static let form = Form<Self>.object(
        "VariantChange", .required("variant", .variant, \.variant),
        .present("bake", .integer(RolloutPolicy.bakes), \.bake),
        .present("deadline", .integer(RolloutPolicy.deadlines), \.deadline),
        .present("withoutGateways", .list(of: .name(.gateway)), else: [], \.withoutGateways)
    ) { VariantChange(variant: $0, bake: $1, deadline: $2, withoutGateways: $3) }
}
