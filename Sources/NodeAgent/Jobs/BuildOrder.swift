package import AdminAPI
package import Cloud
package import Text
package import Versions

/// What is run for a build: of what ADMIN asks for only names, each checked, and all else of node.yaml.
package struct BuildOrder: Sendable {
    package let version: VersionName
    package let entry: BuildEntry
    package let settings: BuildSection.Settings

    /// - Parameter builds: those of node.yaml.
    /// - Throws: why this server does not build it.
    package init(_ build: AssignedBuild, _ builds: [ExactText: BuildEntry]) throws(BuildRefusal) {
        let problems = [
            (build.type, VersionName.problem(withType: build.type)),
            (build.version, VersionName.problem(withName: build.version)),
            (build.variant, VersionName.problem(withVariant: build.variant)),
        ]
        for case (let text, let problem?) in problems { throw BuildRefusal("\(text.printed(atMost: 80)) \(problem)") }
        guard !builds.isEmpty else { throw BuildRefusal("this server builds nothing: its node.yaml has no `builds`") }
        guard let entry = builds[ExactText(build.type)] else {
            throw BuildRefusal(
                "this server does not build the type \(build.type): `builds` of its node.yaml has no such entry")
        }
        version = VersionName(type: build.type, name: build.version, variant: build.variant)
        self.entry = entry
        do throws(UnknownVariantError) {
            settings = try entry.section.required(build.variant, of: build.type)
        } catch {
            throw BuildRefusal("`builds` of this server's node.yaml: \(error). \(error.hint)")
        }
    }
}

/// Why a server does not build a version, in words.
package struct BuildRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
