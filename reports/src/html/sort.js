// Sorts a table by the column whose head was chosen; the page says the same without it.
document.addEventListener("click", function (event) {
  var head = event.target.closest("th[data-sort]");
  if (!head) return;
  var up = head.getAttribute("aria-sort") !== "ascending";
  var place = Array.prototype.indexOf.call(head.parentNode.children, head);
  Array.prototype.forEach.call(head.parentNode.children, function (other) { other.removeAttribute("aria-sort"); });
  head.setAttribute("aria-sort", up ? "ascending" : "descending");
  Array.prototype.forEach.call(head.closest("table").tBodies, function (body) {
    var value = function (row) {
      var cell = row.cells[place], number = parseFloat(cell.getAttribute("data-value"));
      return isNaN(number) ? cell.textContent : number;
    };
    Array.prototype.slice.call(body.rows).sort(function (a, b) {
      var x = value(a), y = value(b), order = x < y ? -1 : x > y ? 1 : 0;
      return up ? order : -order;
    }).forEach(function (row) { body.appendChild(row); });
  });
});
