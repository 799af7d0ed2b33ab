"""Unit tests of the rules' functions."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load("//rules:kernel_library.bzl", "choose_kernels")
load("//rules/private:network_options.bzl", "entry_point_options", "network_name")

def _file(path):
    basename = path.rpartition("/")[2]
    return struct(
        basename = basename,
        extension = basename.rpartition(".")[2],
        short_path = path,
    )

def _network_name_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, "kws_net", network_name("kws_net"))
    asserts.equals(env, "a_b_c", network_name("a/b-c"))
    asserts.equals(env, "_8bit", network_name("8bit"))
    return unittest.end(env)

network_name_test = unittest.make(_network_name_test_impl)

def _entry_point_options_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, [], entry_point_options({}))
    asserts.equals(
        env,
        ["--entry-point=decode:n=1", "--entry-point=prefill:n=64,batch=2"],
        entry_point_options({"decode": {"n": 1}, "prefill": {"n": 64, "batch": 2}}),
    )
    asserts.equals(
        env,
        ["--entry-point=decode:n=1,batch=2"],
        entry_point_options({"decode": "n=1,batch=2"}),
    )
    asserts.equals(
        env,
        ["--entry-point=:seq=64,batch=1"],
        entry_point_options({}, {"seq": 64, "batch": 1}),
    )
    asserts.equals(
        env,
        ["--entry-point=decode:batch=1,n=1", "--entry-point=prefill:batch=2,n=64"],
        entry_point_options(
            {"decode": {"n": 1}, "prefill": "n=64,batch=2"},
            {"batch": 1},
        ),
    )
    return unittest.end(env)

entry_point_options_test = unittest.make(_entry_point_options_test_impl)

def _choose_kernels_test_impl(ctx):
    env = unittest.begin(ctx)
    reference = [_file("ref/b.c"), _file("ref/a.c")]
    chosen = choose_kernels(reference, [_file("fast/b.S")])
    asserts.equals(env, [], chosen.problems)
    asserts.equals(env, ["ref/a.c", "fast/b.S"], [file.short_path for file in chosen.sources])

    asserts.equals(
        env,
        [
            "two references have the base name b",
            "fast/c.c overrides nothing: no reference has the base name c",
            "two overrides have the base name a",
        ],
        choose_kernels(
            reference + [_file("other/b.c")],
            [_file("fast/c.c"), _file("fast/a.c"), _file("slow/a.c")],
        ).problems,
    )
    return unittest.end(env)

choose_kernels_test = unittest.make(_choose_kernels_test_impl)

def functions_tests(name):
    """Defines the tests and the suite `name`.

    Args:
      name: the suite's name.
    """
    unittest.suite(name, network_name_test, entry_point_options_test, choose_kernels_test)
