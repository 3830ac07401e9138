# Where downloaded tools and Python environments are kept between builds; sourced by the other scripts.
export APUS_CACHE="${APUS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/apus}"
