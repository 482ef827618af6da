"""The quota of cores is the least of a group's and its parents', in both versions of control groups."""

from pathlib import Path

from made_host import host

from gradual_common.process.control_groups import cpu_quota
from gradual_common.process.kernel_files import KernelFiles

GROUP = "sys/fs/cgroup"


def test_the_least_quota_up_to_the_root_holds(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/pod/app\n",
        f"{GROUP}/cgroup.controllers": "cpu memory\n",
        f"{GROUP}/pod/app/cpu.max": "max 100000\n",
        f"{GROUP}/pod/cpu.max": "150000 100000\n",
        f"{GROUP}/cpu.max": "400000 100000\n",
    }
    assert cpu_quota(host(tmp_path, files)) == 1.5


def test_version_1_has_a_tree_for_each_controller(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "2:cpu,cpuacct:/box\n0::/\n",
        f"{GROUP}/cpu/box/cpu.cfs_quota_us": "200000\n",
        f"{GROUP}/cpu/box/cpu.cfs_period_us": "100000\n",
    }
    assert cpu_quota(host(tmp_path, files)) == 2


def test_without_a_limit_or_without_groups_there_is_no_quota(tmp_path: Path) -> None:
    assert cpu_quota(KernelFiles(tmp_path)) is None
    unlimited = {f"{GROUP}/cpu/cpu.cfs_quota_us": "-1\n", f"{GROUP}/cpu/cpu.cfs_period_us": "100000\n"}
    assert cpu_quota(host(tmp_path, unlimited)) is None
