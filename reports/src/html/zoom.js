// Lays a chart that can be zoomed over each picture of a course of time, when asked.
(function () {
  "use strict";
  var data = document.getElementById("zoom-data");
  if (!data || typeof uPlot === "undefined") return;
  var runs = {};
  JSON.parse(data.textContent).forEach(function (run) { runs[run.run] = run; });
  var open = [];

  function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim(); }
  function ink(name) { return function () { return colour(name); }; }
  function short(value) { return value === null ? "–" : Math.abs(value) < 10 ? String(+value.toFixed(2)) : Math.round(value).toLocaleString("en"); }

  // Room for the longest mark of the axis, or it would be cut.
  function room(plot, marks, axis, cycle) {
    var have = plot.axes[axis];
    if (cycle > 1) return have._size;
    var longest = (marks || []).reduce(function (most, text) { return Math.max(most, String(text).length); }, 0);
    return Math.max(58, longest * 8 + 18);
  }

  function shade(run) {
    return function (plot) {
      var box = plot.bbox, pen = plot.ctx;
      pen.save();
      pen.beginPath(); pen.rect(box.left, box.top, box.width, box.height); pen.clip();
      pen.globalAlpha = 0.11;
      run.spans.forEach(function (span) {
        var from = plot.valToPos(span[0], "x", true), to = plot.valToPos(span[1], "x", true);
        pen.fillStyle = colour(span[2]);
        pen.fillRect(from, box.top, Math.max(to - from, 1), box.height);
      });
      pen.restore();
    };
  }

  // From one column of a day's knots to the other: played seconds, seconds since midnight.
  function along(day, from, to, at) {
    for (var i = 1; i < day.length; i++) {
      var a = day[i - 1], b = day[i];
      if (at <= b[from]) return a[to] + (b[from] > a[from] ? (at - a[from]) / (b[from] - a[from]) * (b[to] - a[to]) : 0);
    }
    return day[day.length - 1][to];
  }

  // The time of the day that a second of the run plays; null outside of all days.
  function clock(run, at) {
    var day = (run.days || []).filter(function (day) { return at >= day[0][0] && at <= day[day.length - 1][0]; }).pop();
    if (!day) return null;
    var time = Math.round(along(day, 0, 1, at)), two = function (part) { return (part < 10 ? "0" : "") + part; };
    var text = two(Math.floor(time / 3600)) + ":" + two(Math.floor(time / 60) % 60);
    return time % 60 ? text + ":" + two(time % 60) : text;
  }

  var STEPS = [1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 10800, 14400, 21600, 43200, 86400];

  // Round times of the day between two seconds of the run, so many that each has room.
  function hours(run, low, high, width) {
    var marks = [];
    STEPS.some(function (step) {
      marks = [];
      run.days.forEach(function (day) {
        var from = Math.max(low, day[0][0]), to = Math.min(high, day[day.length - 1][0]);
        if (from > to) return;
        var time = Math.ceil(along(day, 0, 1, from) / step) * step, end = along(day, 0, 1, to);
        for (; time <= end && marks.length <= 40; time += step) {
          if (marks.length && along(day, 1, 0, time) <= marks[marks.length - 1]) marks.pop();
          marks.push(along(day, 1, 0, time));
        }
      });
      return marks.length <= 40 && marks.every(function (mark, i) { return !i || (mark - marks[i - 1]) / (high - low) * width >= 64; });
    });
    return marks;
  }

  function time(run) {
    if (!run.days) return { values: function (plot, marks) { return marks.map(function (mark) { return +mark.toFixed(3) + " s"; }); }, size: 36 };
    return {
      splits: function (plot, axis, low, high) { return hours(run, low, high, plot.width - 80); },
      values: function (plot, marks) { return marks.map(function (mark) { return clock(run, mark); }); }, size: 36
    };
  }

  function axis(more) {
    var common = { stroke: ink("muted"), grid: { stroke: ink("grid"), width: 1 }, ticks: { stroke: ink("axis"), width: 1 }, font: "12px system-ui, sans-serif" };
    Object.keys(more).forEach(function (key) { common[key] = more[key]; });
    return common;
  }

  function options(run, panel, width, key) {
    var tail = panel.lines.some(function (line) { return line[0] === "p99"; });
    var series = panel.lines.map(function (line) {
      return { label: line[0], stroke: ink(line[1]), width: line[0] === "offered" ? 1 : 2, alpha: line[0] === "p50" ? 0.55 : 1,
        value: function (plot, value) { return short(value); }, points: { size: 4 } };
    });
    return {
      width: width, height: 210, title: panel.title, series: [{ label: "time, s", value: function (plot, at) { return at === null ? "–" : String(at) + (clock(run, at) ? " (" + clock(run, at) + ")" : ""); } }].concat(series),
      scales: { x: { time: false }, y: tail ? { distr: 3 } : { range: function (plot, low, high) { return [0, high > 0 ? high * 1.05 : 1]; } } },
      axes: [
        axis(time(run)),
        axis({ values: function (plot, marks) { return marks.map(function (mark) { return mark === null ? "" : short(mark); }); }, size: room })
      ],
      cursor: { sync: { key: key }, drag: { x: true, y: false } },
      hooks: { drawClear: [shade(run)] }
    };
  }

  function draw(place) {
    var chart = JSON.parse(place.getAttribute("data-zoom")), run = runs[chart.run];
    var host = document.createElement("div");
    host.className = "zoomed";
    place.appendChild(host);
    place.classList.add("on");
    place.plots = chart.panels.map(function (panel, index) {
      var columns = [run.time].concat(panel.lines.map(function (line) { return run[line[0]]; }));
      return new uPlot(options(run, panel, host.clientWidth, "run" + chart.run), columns, host);
    });
    open.push(place);
  }

  function close(place) {
    place.plots.forEach(function (plot) { plot.destroy(); });
    place.plots = null;
    place.removeChild(place.querySelector(".zoomed"));
    place.classList.remove("on");
    open.splice(open.indexOf(place), 1);
  }

  Array.prototype.forEach.call(document.querySelectorAll(".zoomable"), function (place) {
    var button = document.createElement("button");
    button.type = "button";
    button.className = "zoom screen";
    button.textContent = "Zoom";
    button.title = "Drag to zoom in, double-click to see all";
    button.addEventListener("click", function () {
      if (place.plots) close(place); else draw(place);
      button.textContent = place.plots ? "Picture" : "Zoom";
    });
    place.parentNode.insertBefore(button, place);
  });

  window.addEventListener("resize", function () {
    open.forEach(function (place) {
      var width = place.querySelector(".zoomed").clientWidth;
      place.plots.forEach(function (plot) { plot.setSize({ width: width, height: plot.height }); });
    });
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", function () {
    open.forEach(function (place) { place.plots.forEach(function (plot) { plot.redraw(); }); });
  });
})();
